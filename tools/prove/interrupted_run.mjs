// Trainings in processes of their own, killed at chosen moments.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { RandomStream } from "../../dist/base/random.js";
import { parseSafetensors } from "../../dist/formats/safetensors.js";

export const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

const newestCheckpoint = (run) => {
  const folder = join(run, "checkpoints");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^step-\d+\.safetensors$/.test(name)) : [];
  return names.length === 0 ? 0 : Math.max(...names.map((name) => Number(name.slice(5, 14))));
};

const temporaries = (run) => {
  const folder = join(run, "checkpoints");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(".step-") && name.endsWith(".tmp")) : [];
};

/** Starts a training, or goes on with it where the run exists. */
function start({ run, recipe, target, threads, workers }) {
  const how = existsSync(join(run, "recipe.json")) ? ["--resume", run] : ["--recipe", recipe, "--out", run];
  const compute = ["--target", target, "--threads", String(threads), "--workers", String(workers)];
  const child = spawn(process.execPath, [program, "train", ...how, ...compute, "--no-evaluate", "--json"]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const started = Date.now();
  const ended = new Promise((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr, milliseconds: Date.now() - started })),
  );
  return { child, ended };
}

/** Trains to the end. Gives the program's summary, and the milliseconds from the run's recipe to its first checkpoint. */
export async function train(options) {
  const { ended } = start(options);
  let [recipeAt, checkpointAt] = [0, 0];
  const poll = setInterval(() => {
    if (recipeAt === 0 && existsSync(join(options.run, "recipe.json"))) recipeAt = Date.now();
    if (checkpointAt === 0 && newestCheckpoint(options.run) > 0) checkpointAt = Date.now();
  }, 5);
  const { code, stdout, stderr } = await ended;
  clearInterval(poll);
  if (code !== 0) throw new Error(`the training ended with code ${code}:\n${stderr}`);
  return { summary: JSON.parse(stdout), toFirstCheckpoint: checkpointAt - recipeAt };
}

/** Digests of what a training left. */
export function digestsOf(run) {
  const tensorsOf = (file) => {
    const { tensors } = parseSafetensors(readFileSync(join(run, file)), file);
    const hash = createHash("sha256");
    for (const name of [...tensors.keys()].toSorted()) {
      const { shape, data } = tensors.get(name);
      hash.update(JSON.stringify([name, shape])).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return hash.digest("hex").slice(0, 12);
  };
  const metrics = readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { seconds: _, time: __, examplesPerSecond: ___, ...rest } = JSON.parse(line);
      return JSON.stringify(rest);
    });
  return {
    last: tensorsOf("last.safetensors"),
    best: tensorsOf("best.safetensors"),
    metrics: createHash("sha256").update(metrics.join("\n")).digest("hex").slice(0, 12),
  };
}

const kinds = {
  first: "before the first checkpoint",
  writing: "while a checkpoint was being written",
  resuming: "while a run was being resumed",
  anywhere: "anywhere",
};

/** The kinds of so many moments: one before the first checkpoint, a quarter in a write, a tenth while resuming, the rest anywhere. */
function plannedKinds(moments) {
  const rest = Array.from({ length: moments - 1 }, (_, i) => (i % 4 === 1 ? "writing" : i % 10 === 6 ? "resuming" : "anywhere"));
  return ["first", ...rest];
}

/**
 * Trains in lives of one process each; every life but the last is killed. Where a run ends before all moments are used, another one is begun.
 * @returns every kill, and the digests of the runs
 */
export async function killedRun({ folder, name, recipe, target, moments, timing, seed }) {
  const planned = plannedKinds(moments);
  const [kills, runs] = [[], []];
  // Attempts that came too late; the next one comes earlier.
  let late = 0;
  while (kills.length < planned.length || runs.length === 0) {
    const run = join(folder, `${name}-killed-${runs.length}`);
    let done = false;
    while (!done) {
      const number = kills.length;
      const random = new RandomStream(seed, number, runs.length);
      // Every life with other threads and workers.
      const life = start({ run, recipe, target, threads: [1, 2, 4][number % 3], workers: number % 4 });
      // "first" is for a fresh run only; a run that was begun later is killed by what is left of the plan.
      const kind = planned[number];
      const found = kind === undefined ? undefined : await kill[kind](life, run, random, timing, late);
      const { code, signal, stderr } = await life.ended;
      if (signal !== "SIGKILL" && code !== 0) throw new Error(`the training ended with code ${code}:\n${stderr}`);
      if (kind === "first" && newestCheckpoint(run) > 0) {
        rmSync(run, { recursive: true });
        if (++late > 20) throw new Error("no process could be killed before its first checkpoint");
        continue;
      }
      done = signal !== "SIGKILL";
      if (done) continue;
      // The checkpoint was whole before the signal came: such a moment is had later.
      const missed = kind === "writing" && found === undefined;
      if (missed) planned.splice(number, 0, "anywhere");
      kills.push({ kind: kinds[missed ? "anywhere" : kind], found: found ?? place(run), run: runs.length });
    }
    if (temporaries(run).length > 0) throw new Error(`${run}: a temporary file is left`);
    runs.push(digestsOf(run));
    rmSync(run, { recursive: true });
  }
  return { kills, runs };
}

/** Where a killed run stands: its newest checkpoint, and the last line of its log. */
function place(run) {
  const log = join(run, "metrics.jsonl");
  const logged = existsSync(log) ? /"step":(\d+)[^\n]*\n?$/.exec(readFileSync(log, "utf8"))?.[1] : undefined;
  return `checkpoint ${newestCheckpoint(run)}, log ${logged ?? 0}`;
}

/** Resolves when the condition holds, or the process has ended. */
async function until(life, condition) {
  while (life.child.exitCode === null && life.child.signalCode === null && !condition()) await pause(2);
}

const kill = {
  async first(life, run, random, { toFirstCheckpoint }, late) {
    await until(life, () => existsSync(join(run, "recipe.json")));
    await Promise.race([life.ended, pause(toFirstCheckpoint * random.between(0.4, 0.9) * 0.6 ** late)]);
    life.child.kill("SIGKILL");
  },

  async anywhere(life, run, random, { summary, validateEvery }) {
    const before = newestCheckpoint(run);
    await until(life, () => newestCheckpoint(run) > before);
    const betweenCheckpoints = (1000 * summary.seconds * validateEvery) / summary.steps;
    await Promise.race([life.ended, pause(betweenCheckpoints * random.between(0, 1.5))]);
    life.child.kill("SIGKILL");
  },

  async resuming(life, run, random, { toFirstCheckpoint }) {
    await Promise.race([life.ended, pause(toFirstCheckpoint * random.between(0.1, 0.7))]);
    life.child.kill("SIGKILL");
  },

  /**
   * Stops the process when a temporary file appears, or after its first or second write; where the file is there still, kills, else lets it
   * go on to the next checkpoint.
   */
  async writing(life, run, random) {
    const before = newestCheckpoint(run);
    await until(life, () => newestCheckpoint(run) > before);
    let killed = "";
    let passed = random.integer(3);
    let seen = { name: "", events: 0 };
    const watcher = watch(join(run, "checkpoints"), (_event, name) => {
      if (killed !== "" || !name?.startsWith(".step-")) return;
      if (name !== seen.name) seen = { name, events: 0 };
      if (seen.events++ < passed || !life.child.kill("SIGSTOP")) return;
      const left = temporaries(run);
      if (left.length === 0) {
        passed = Math.max(0, passed - 1);
        life.child.kill("SIGCONT");
        return;
      }
      life.child.kill("SIGKILL");
      killed = left[0];
    });
    await life.ended;
    watcher.close();
    if (!temporaries(run).includes(killed)) return undefined;
    return `${place(run)}, ${statSync(join(run, "checkpoints", killed)).size} bytes of ${killed.slice(6, 15)}`;
  },
};
