// Every command of the systems' own documents that runs one of their scripts or tools, but for paths and step counts: run, and what it leaves behind checked.
//   npm run prove:compat -- DATA/speech_commands [SYSTEM ...]
// The documents are read from ../shared/systems/seeds (or the folder EARSHOT_SEEDS names). Writes results/compat.json, in which the rows of other
// systems stay, and results/compat.txt from it; with --text alone only the latter. One file a system under tools/prove/compat/ (see `System` below).
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { alignedTable, machineLines } from "../bench/bench_report.mjs";
import { commandsOf } from "./compat/documents.mjs";

/**
 * @typedef {object} Row One command, or one run of it.
 * @property {number} command place of the command among those that `isOwn` of the document; a command may have several rows
 * @property {string[]} args words behind `earshot`: those of the document but for what `adapted` (documents.mjs) changes
 * @property {string} [title] how the table calls it; the command of the document where missing
 * @property {string[]} [changed] what was changed, as `adapted` tells it
 * @property {string} [cwd] folder to run in; the system's own folder where missing
 * @property {number} [code] exit code that is wanted; 0 where missing
 * @property {RegExp} [notYet] for commands answered 'not yet' (exit code 1, one line): what the line says
 * @property {(folder: string, run: {stdout: string, stderr: string}) => string} [check] throws where what was left behind is wrong; gives what to say of it
 *
 * @typedef {object} System The default export of a file under tools/prove/compat/.
 * @property {string} name as `earshot compat` calls it
 * @property {string[]} documents numbers of its seed documents ("000")
 * @property {(words: string[]) => boolean} isOwn whether a command of its documents runs one of its own scripts or tools
 * @property {(commands: string[][], context: {data: string, folder: string}) => Row[] | Promise<Row[]>} rows what is run, in order
 */

const systems = ["kws_streaming", "ml_kws", "fastcells", "speechrec"];
const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const file = "results/compat.json";
const longest = 15 * 60_000;

function documentText(number) {
  const folder = process.env.EARSHOT_SEEDS ?? "../shared/systems/seeds";
  const name = existsSync(folder) ? readdirSync(folder).find((entry) => entry.startsWith(`${number}_`)) : undefined;
  if (name === undefined) throw new Error(`${folder}: there is no document ${number}_*; name its folder with EARSHOT_SEEDS`);
  return readFileSync(join(folder, name), "utf8");
}

/** Runs a row; gives its line of the table. */
function run(system, row, words, folder) {
  const started = performance.now();
  const cwd = row.cwd ?? folder;
  mkdirSync(cwd, { recursive: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...row.args], {
    cwd,
    encoding: "utf8",
    timeout: longest,
  });
  const seconds = (performance.now() - started) / 1000;
  const wanted = row.code ?? (row.notYet ? 1 : 0);
  const line = {
    system,
    command: row.title ?? words.join(" "),
    changed: (row.changed ?? []).join("; "),
    code: status,
    seconds,
    notYet: row.notYet !== undefined,
  };
  const told = stderr.trim().split("\n").slice(-3).join(" | ");
  if (status !== wanted) return { ...line, right: false, left: `exit code ${status} instead of ${wanted}: ${told}` };
  if (row.notYet !== undefined) {
    const isOneLine = stderr.trim() !== "" && !stderr.trim().includes("\n") && stdout.trim() === "";
    return { ...line, right: isOneLine && row.notYet.test(stderr), left: told };
  }
  try {
    return { ...line, right: true, left: row.check?.(cwd, { stdout, stderr }) ?? "" };
  } catch (error) {
    return { ...line, right: false, left: `${error.message}` };
  }
}

async function prove(system, data) {
  const { default: found } = await import(`./compat/${system}.mjs`);
  const commands = found.documents.flatMap((number) => commandsOf(documentText(number))).filter((words) => found.isOwn(words));
  const folder = mkdtempSync(join(tmpdir(), `earshot-compat-${system}-`));
  try {
    const rows = await found.rows(commands, { data, folder });
    const missing = commands.filter((_, i) => !rows.some((row) => row.command === i));
    if (commands.length === 0 || missing.length > 0)
      throw new Error(
        `${system}: ${commands.length} commands in its documents, without a row: ${missing.map((words) => words.join(" ")).join("; ")}`,
      );
    const lines = [];
    for (const row of rows) {
      const line = run(found.name, row, commands[row.command], folder);
      lines.push({ ...line, date: new Date().toISOString().slice(0, 10) });
      console.log(
        `${line.right ? "right" : "WRONG"}  ${line.seconds.toFixed(0).padStart(4)} s  ${found.name} ${row.args.slice(0, 3).join(" ")} ...: ${line.left}`,
      );
    }
    return lines;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const short = (text, length) => (text.length <= length ? text : `${text.slice(0, length - 3)}...`);

function textOf(lines) {
  const done = lines.filter((line) => !line.notYet);
  const table = (rows) =>
    alignedTable(
      ["system", "command", "exit", "seconds", "right", "changed", "left behind"],
      rows.map((r) => [
        r.system,
        short(r.command, 76),
        String(r.code),
        r.seconds.toFixed(0),
        r.right ? "yes" : "NO",
        short(r.changed, 60) || "-",
        short(r.left, 160),
      ]),
      7,
    );
  const later = lines.filter((line) => line.notYet);
  return [
    ...machineLines(nativeCompiler()),
    "",
    `${done.filter((r) => r.right).length} of ${done.length} runs right`,
    "",
    ...table(done),
    "",
    `answered 'not yet' in one line, exit code 1: ${later.filter((r) => r.right).length} of ${later.length}`,
    "",
    ...(later.length > 0 ? table(later) : []),
    "",
    "npm run prove:compat: every command of the systems' documents that runs one of their own scripts or tools, through the program, on recorded",
    "clips; 'changed' says what differs from the document (paths and step counts). Seconds are wall times of the machine as it was.",
    "",
  ].join("\n");
}

const [data, ...named] = process.argv.slice(2);
if (data === "--text") {
  writeFileSync("results/compat.txt", textOf(JSON.parse(readFileSync(file, "utf8"))));
  process.exit(0);
}
if (!data) {
  console.error(`usage: npm run prove:compat -- DATA/speech_commands [${systems.join("|")} ...]`);
  process.exit(2);
}
mkdirSync("results", { recursive: true });
for (const system of named.length > 0 ? named : systems) {
  if (!existsSync(new URL(`./compat/${system}.mjs`, import.meta.url))) {
    console.error(`${system}: there is no tools/prove/compat/${system}.mjs`);
    process.exitCode = 1;
    continue;
  }
  const lines = await prove(system, resolve(data));
  if (lines.some((line) => !line.right)) process.exitCode = 1;
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const name = lines[0].system;
  const order = ["kws-streaming", "ml-kws", "fastcells", "speechrec"];
  const all = [...before.filter((line) => line.system !== name), ...lines].toSorted(
    (a, b) => order.indexOf(a.system) - order.indexOf(b.system),
  );
  writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`);
  writeFileSync("results/compat.txt", textOf(all));
}
