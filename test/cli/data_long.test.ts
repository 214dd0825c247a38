import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DetectionPoint } from "../../src/measure/detection_curve.js";
import type { RecordingEvaluation } from "../../src/measure/evaluate_recording.js";
import type { TruthEntry } from "../../src/measure/truth_file.js";
import { resampleSound } from "../../src/signal/resample.js";
import { speak } from "../../src/signal/speech.js";
import { encodeWav } from "../../src/signal/wav.js";
import { earshot } from "./command_line.js";

describe("earshot data long", () => {
  let folder = "";
  const path = (...names: string[]): string => join(folder, ...names);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "earshot-long-"));
    for (const word of ["yes", "stop", "seven"]) {
      mkdirSync(path("words", word), { recursive: true });
      for (const voice of ["rms", "slt"] as const) {
        const { samples } = resampleSound(await speak(word, { voice }), 16_000);
        writeFileSync(path("words", word, `${voice}_nohash_0.wav`), encodeWav({ samples, sampleRate: 16_000 }));
      }
    }
    // Half a minute of "speech" whose transcript has a keyword in its second third.
    mkdirSync(path("speech"));
    const tone = Float32Array.from({ length: 30 * 16_000 }, (_, i) => 0.1 * Math.sin(i * 0.05));
    writeFileSync(path("speech", "a.wav"), encodeWav({ samples: tone, sampleRate: 16_000 }));
    writeFileSync(
      path("speech.csv"),
      "file,start_s,end_s,utterance,transcript\nspeech/a.wav,0,11,u1,HELLO THERE\nspeech/a.wav,11,19,u2,PLEASE STOP IT\n",
    );
    writeFileSync(
      path("words", "testing_list.txt"),
      ["yes", "stop", "seven"].flatMap((w) => [`${w}/rms_nohash_0.wav`, `${w}/slt_nohash_0.wav`]).join("\n"),
    );
    writeFileSync(path("words", "validation_list.txt"), "");
    writeFileSync(path("words", "training_list.txt"), "");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const make = (out: string, ...more: string[]) =>
    earshot([
      "data",
      "long",
      "--out",
      path(out),
      "--data",
      path("words"),
      "--words",
      "yes,stop",
      "--hours",
      "0.03",
      "--keyword-share",
      "0.5",
      ...more,
    ]);

  it("writes the same bytes for the same seed, and knows where the words are", async () => {
    const runs = [await make("a"), await make("b"), await make("c", "--seed", "1")];
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
      [0, ""],
    ]);
    const [a, b, c] = ["a", "b", "c"].map((name) => readFileSync(path(name, "long.wav")));
    expect(a.equals(b)).toBe(true);
    expect(a.equals(c)).toBe(false);
    expect(a.length).toBe(44 + 110 * 16_000 * 2);
    expect(existsSync(path("a", "long.wav.part"))).toBe(false);
    const [truth] = JSON.parse(readFileSync(path("a", "truth.json"), "utf8")) as TruthEntry[];
    expect(truth).toMatchObject({ wav_file: "long.wav", sample_rate: 16_000, length_sec: 110 });
    expect(new Set(truth.labels)).toEqual(new Set(["yes", "stop"]));
    const samples = new Int16Array(a.buffer.slice(a.byteOffset + 44, a.byteOffset + a.length));
    const power = (from: number, to: number): number =>
      samples.subarray(Math.round(from * 16_000), Math.round(to * 16_000)).reduce((sum, x) => sum + x * x, 0) / (to - from);
    // Louder than the background before it: the noise lies at least 5 dB below.
    for (const [start, end] of truth.detection_windows) expect(power(start, end)).toBeGreaterThan(2 * power(start - 0.5, start));

    const { code, stdout } = await earshot([
      "evaluate",
      "ds_cnn_s",
      "--stream",
      path("a", "long.wav"),
      "--truth",
      path("a", "truth.json"),
      "--threshold",
      "0.4",
      "--json",
    ]);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as RecordingEvaluation;
    expect(result.score.events).toBe(truth.detection_windows.length);
    expect(result.score.hits).toBeGreaterThan(0);
    // At the lowest thresholds the refractory time after false accepts hides words.
    const missRate = Math.min(...result.curve.map((point) => point.missRate));
    expect(missRate).toBeLessThanOrEqual(result.score.missRate);
    const short = await earshot([
      "evaluate",
      "ds_cnn_s",
      "--stream",
      path("a", "long.wav"),
      "--truth",
      path("a", "truth.json"),
      "--choose-threshold",
      "3/h",
    ]);
    expect(short.code).toBe(1);
    expect(short.stderr).toMatch(/3 false accepts an hour cannot be shown with 0.0\d hours/);
  });

  it("keeps the chosen threshold, and the smoothing that it was chosen with, in a model by which listen goes", async () => {
    const [sound, truth, kept] = [path("a", "long.wav"), path("a", "truth.json"), path("kept.safetensors")];
    const measure = ["evaluate", "ds_cnn_s", "--stream", sound, "--truth", truth, "--smoothing", "0.3"];
    const { code, stdout } = await earshot([...measure, "--choose-threshold", "400/h", "--keep-threshold", kept, "--json"]);
    expect(code).toBe(0);
    const { threshold } = (JSON.parse(stdout) as { chosen: DetectionPoint }).chosen;
    const byModel = await earshot(["listen", kept, "--input", sound, "--json"]);
    const rule = ["--threshold", String(threshold), "--smoothing", "0.3"];
    const byOptions = await earshot(["listen", "ds_cnn_s", "--input", sound, ...rule, "--json"]);
    expect(byModel).toEqual(byOptions);
    expect(byModel.stdout).not.toBe((await earshot(["listen", "ds_cnn_s", "--input", sound, "--json"])).stdout);
  });

  it.each([
    ["--choose-threshold", "3/h"],
    ["--keep-threshold", "a.safetensors"],
    ["--threshold", "0.5"],
    ["--smoothing", "0.1"],
    ["--tolerance", "0.5"],
    ["--keywords", "yes"],
    ["--truth", "t.json"],
  ])("%s without a recording is refused, not dropped", async (option, value) => {
    const { code, stderr } = await earshot(["evaluate", "svdf", "--data", "x", option, value]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${option} goes with --stream LONG.wav --truth T.json`)]);
  });

  it.each([["--data", "x"], ["--split", "testing"], ["--confusion"], ["--stream-clips", "window"]])(
    "%s with a recording is refused, not dropped",
    async (option, ...value) => {
      const measure = ["evaluate", "svdf", "--stream", "x.wav", "--truth", "x.json"];
      const { code, stderr } = await earshot([...measure, option, ...value]);
      const said = `${option} is about the clips of a data set, and --stream measures on a recording; leave one of them out`;
      expect([code, stderr]).toEqual([2, `earshot: ${said}\n`]);
    },
  );

  it("does not measure one recording by the truth of another", async () => {
    const [truth, other] = [path("a", "truth.json"), path("speech", "a.wav")];
    const { code, stderr } = await earshot(["evaluate", "ds_cnn_s", "--stream", other, "--truth", truth]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/tells of a word at \d+\.\d s, and .*a\.wav ends at 30\.0 s; give/),
    ]);
  });

  it("counts no word as missed that is not listened for", async () => {
    const measure = ["evaluate", "ds_cnn_s", "--stream", path("a", "long.wav"), "--truth", path("a", "truth.json"), "--json"];
    const { labels = [] } = (JSON.parse(readFileSync(path("a", "truth.json"), "utf8")) as TruthEntry[])[0];
    const { code, stdout, stderr } = await earshot([...measure, "--keywords", "stop"]);
    const stops = labels.filter((label) => label === "stop").length;
    expect([code, stderr]).toEqual([0, `note: said and not listened for, which is no miss: yes (${labels.length - stops})\n`]);
    expect((JSON.parse(stdout) as RecordingEvaluation).score.events).toBe(stops);
    const none = await earshot([...measure, "--keywords", "up"]);
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/the recording has .*, and the model listens for up; take/),
    ]);
  });

  it.each([
    [["--keep-threshold", "a.safetensors"], "--keep-threshold keeps what --choose-threshold RATE chooses: give both"],
    [["--choose-threshold", "3/h", "--keep-threshold", "a.json"], "--keep-threshold a.json: name the model file to write"],
    [
      ["--choose-threshold", "3/h", "--keep-threshold", "a.safetensors", "--thresholds", "yes=0.5"],
      "--keep-threshold keeps one threshold for all labels; leave --thresholds out",
    ],
  ])("refuses %j", async (options, message) => {
    const { code, stderr } = await earshot(["evaluate", "svdf", "--stream", "x.wav", "--truth", "x.json", ...options]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it("speaks the sentences in a voice of Pico's, too", async () => {
    const talk = ["--hours", "0.01", "--keyword-share", "0"];
    const runs = await Promise.all([make("us", ...talk, "--voice", "pico-us"), make("gb", ...talk, "--voice", "pico-gb")]);
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    const [us, gb] = ["us", "gb"].map((name) => readFileSync(path(name, "long.wav")));
    expect(us.equals(gb)).toBe(false);
    const { code, stderr } = await make("none", "--voice", "pico");
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("Allowed choices are awb, rms, slt, kal, kal16, pico-us, pico-gb"),
    ]);
  });

  it("leaves nothing of a recording at Ctrl-C", async () => {
    const args = ["data", "long", "--out", path("stopped"), "--data", path("words"), "--words", "yes,stop", "--hours", "10"];
    let stopped = false;
    const { code, stderr } = await earshot(args, {
      whileRunning: (kill) =>
        setInterval(() => {
          // Once: a second one ends the program at once.
          if (stopped || !existsSync(path("stopped", "long.wav.part"))) return;
          stopped = true;
          kill("SIGINT");
        }, 100),
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining("earshot: interrupted; no recording was written")]);
    expect(readdirSync(path("stopped"))).toEqual([]);
  });

  it("marks running speech in which a keyword is said", async () => {
    const { code } = await make("d", "--keyword-share", "0", "--speech", path("speech"), "--transcripts", path("speech.csv"));
    expect(code).toBe(0);
    const [truth] = JSON.parse(readFileSync(path("d", "truth.json"), "utf8")) as TruthEntry[];
    expect(truth.detection_windows).toEqual([]);
    const ignored = truth.ignored ?? [];
    expect(ignored.length).toBeGreaterThan(0);
    // The utterance from 11 to 19 s lies in the piece from 10 to 20 s.
    for (const [start, end, label] of ignored) expect([start % 10, end - start, label]).toEqual([1, 8, "stop"]);
  });
});
