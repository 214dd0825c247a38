import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeEvaluationFile } from "../../src/measure/evaluation_file.js";
import { evaluatePredictions } from "../../src/measure/metrics.js";
import { encodeWav } from "../../src/signal/wav.js";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-report-"));
afterAll(() => rmSync(base, { recursive: true }));

/** A run's folder with an evaluation of four clips, one of them wrong, and a log of three steps. */
async function makeRun(name: string): Promise<string> {
  const run = join(base, name);
  const data = join(run, "clips");
  mkdirSync(join(data, "no"), { recursive: true });
  const samples = Float32Array.from({ length: 16_000 }, (_, i) => Math.sin(i / 5) / 2);
  writeFileSync(join(data, "no/a.wav"), encodeWav({ samples, sampleRate: 16_000 }));
  await writeEvaluationFile(join(run, "evaluation.json"), {
    model: "ds_cnn <S>",
    parameters: 23_180,
    data,
    split: "testing",
    date: "2026-11-21T09:30:00.000Z",
    versions: { earshot: "0.1.0" },
    evaluation: evaluatePredictions([0, 0, 1, 1], [0, 0, 0, 1], ["yes", "no"]),
    mistakes: [{ path: "no/a.wav", truth: "no", predicted: "yes", score: 0.9, truthScore: 0.1 }],
  });
  writeFileSync(
    join(run, "metrics.jsonl"),
    '{"step":1,"loss":2}\n{"step":2,"loss":1}\n{"step":3,"loss":0.5,"validationAccuracy":0.75}\n',
  );
  return run;
}

describe("earshot report", () => {
  it("writes the page and says where", async () => {
    const run = await makeRun("whole");
    const { code, stdout, stderr } = await earshot(["report", run]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("accuracy 75.00 % of 4 clips");
    expect(stdout.trimEnd().endsWith(`report written to ${join(run, "report.html")}`)).toBe(true);
    const page = readFileSync(join(run, "report.html"), "utf8");
    expect(page).toContain("ds_cnn &lt;S&gt;");
    expect(page).toContain("data:audio/wav;base64,");
    expect(page).toContain("Best validation accuracy <b>75.00 %</b> at step 3");
  });

  it("prints one object with --json", async () => {
    const run = await makeRun("json");
    const out = join(base, "page.html");
    const { code, stdout } = await earshot(["report", run, "--out", out, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      report: out,
      bytes: readFileSync(out).length,
      accuracy: 0.75,
      clips: 4,
      notes: [],
    });
    expect(existsSync(join(run, "report.html"))).toBe(false);
  });

  it("leaves a clip out whose sound is gone, and says so; --data finds it again", async () => {
    const run = await makeRun("moved");
    const elsewhere = join(base, "elsewhere");
    mkdirSync(join(elsewhere, "no"), { recursive: true });
    copyFileSync(join(run, "clips/no/a.wav"), join(elsewhere, "no/a.wav"));
    writeFileSync(join(run, "clips/no/a.wav"), "RIFF");
    const damaged = await earshot(["report", run]);
    expect(damaged.code).toBe(0);
    expect(damaged.stdout).toMatch(/1 of the worst clips is not shown: .*a\.wav: .*--data/);
    expect(readFileSync(join(run, "report.html"), "utf8")).not.toContain("data:audio/wav");
    await earshot(["report", run, "--data", elsewhere]);
    expect(readFileSync(join(run, "report.html"), "utf8")).toContain("data:audio/wav");
  });

  it("draws the curves of a run that was not evaluated", async () => {
    const run = join(base, "log only");
    mkdirSync(run);
    writeFileSync(join(run, "metrics.jsonl"), '{"step":1,"loss":2}\n{"step":2,"loss":1}\n');
    const { code, stdout } = await earshot(["report", run]);
    expect(code).toBe(0);
    expect(stdout).toContain("Not evaluated yet");
    expect(readFileSync(join(run, "report.html"), "utf8")).toContain("<svg");
  });

  it("fails with the file and the remedy where there is nothing to report", async () => {
    const empty = join(base, "empty");
    mkdirSync(empty);
    const [none, missing] = await Promise.all([earshot(["report", empty]), earshot(["report", join(base, "nowhere")])]);
    expect([none.code, missing.code]).toEqual([1, 1]);
    expect(none.stderr).toMatch(/^earshot: .*empty: holds neither evaluation\.json nor metrics\.jsonl; give the folder/);
    expect(missing.stderr).toMatch(/nowhere: there is no such folder/);
    writeFileSync(join(empty, "evaluation.json"), "{");
    const damaged = await earshot(["report", empty]);
    expect([damaged.code, damaged.stdout]).toEqual([1, ""]);
    expect(damaged.stderr).toMatch(/evaluation\.json: line 1, column 2: .*earshot evaluate/);
  });

  it("compares several runs on one page", async () => {
    const folders = [await makeRun("first"), await makeRun("second")];
    const out = join(base, "several.html");
    const { code, stdout, stderr } = await earshot(["report", ...folders, "--out", out]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^run +model +accuracy +95 % interval +parameters +MACs +steps +p against A\nA first +ds_cnn <S> +75\.00 %/,
    );
    expect(stdout).toContain("No p against A for B: it is not known that the same clips were judged");
    const page = readFileSync(out, "utf8");
    expect(page).toContain("<h1>2 runs compared</h1>");
    expect(page).toContain("ds_cnn &lt;S&gt;");
    const json = JSON.parse((await earshot(["report", ...folders, "-o", out, "--json"])).stdout) as {
      bytes: number;
      runs: unknown[];
    };
    expect(json.bytes).toBe(readFileSync(out).length);
    expect(json.runs).toMatchObject([{ name: "first", accuracy: 0.75, clips: 4, steps: 3 }, { name: "second" }]);
  });

  it("refuses --data with several runs, and the same run twice", async () => {
    const run = await makeRun("alone");
    const [data, twice] = await Promise.all([earshot(["report", run, base, "--data", base]), earshot(["report", run, run])]);
    expect([data.code, data.stderr]).toEqual([2, expect.stringMatching(/--data goes with one run/)]);
    expect([twice.code, twice.stderr]).toEqual([1, expect.stringMatching(/alone: the run is named twice; name every run once/)]);
  });
});
