import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { speak } from "../../src/signal/speech.js";
import { resampleSound } from "../../src/signal/resample.js";
import { encodeWav } from "../../src/signal/wav.js";
import { loadModel } from "../../src/formats/model_file.js";
import { earshot, root } from "./command_line.js";

interface Heard {
  time: number;
  label: string;
  score: number;
}

const lines = (text: string): Heard[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Heard);

describe("earshot listen", () => {
  let folder = "";
  const path = (name: string): string => join(folder, name);
  /** One second of silence, a spoken word, two seconds of silence. */
  const sound = new Float32Array(4 * 16_000);
  const options = ["--threshold", "0.3", "--json"];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "earshot-listen-"));
    const word = resampleSound(await speak("stop", { voice: "rms" }), 16_000);
    sound.set(word.samples.subarray(0, 16_000), 16_000);
    writeFileSync(path("a.wav"), encodeWav({ samples: sound, sampleRate: 16_000 }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("hears the same in a file, a pipe with a header and a pipe without, with a model that comes along", async () => {
    const wav = readFileSync(path("a.wav"));
    const runs = [
      await earshot(["listen", "--input", path("a.wav"), ...options]),
      await earshot(["listen", "--input", "-", ...options], { input: wav }),
      await earshot(["listen", "--input", "-", ...options], { input: wav.subarray(44) }),
    ];
    for (const { code, stdout } of runs) {
      expect(code).toBe(0);
      expect(stdout).toBe(runs[0].stdout);
    }
    expect(runs[2].stderr).toMatch(/no header.*16000 Hz/);
    const [first] = lines(runs[0].stdout);
    expect(first.label).toBe("stop");
    expect(first.time).toBeGreaterThan(1.2);
    expect(first.time).toBeLessThan(2.3);
  });

  it("hears in every form, and in that of a streaming file where nothing is said", async () => {
    const file = path("window.safetensors");
    await earshot(["stream", "ds_cnn_s", "--form", "window", "--out", file]);
    const heard = async (...more: string[]): Promise<Heard[]> => {
      const [model, ...rest] = more;
      return lines((await earshot(["listen", model, "--input", path("a.wav"), ...options, ...rest])).stdout);
    };
    const [window] = await heard("ds_cnn_s", "--form", "window");
    const [clip] = await heard("ds_cnn_s", "--form", "clip");
    const [context] = await heard("ds_cnn_s", "--form", "context");
    expect(await heard(file)).toEqual(await heard("ds_cnn_s", "--form", "window"));
    expect([window.label, clip.label, context.label]).toEqual(["stop", "stop", "stop"]);
    // The same windows, 10 ms apart; the context form is later by what it waits for.
    expect(Math.abs(window.time - clip.time)).toBeLessThan(0.05);
    expect(context.time - clip.time).toBeLessThan(0.4);
    const wrong = await earshot(["listen", "ds_cnn_s", "--form", "context", "--hop", "0.1", "--input", path("a.wav")]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toMatch(/--hop goes with --form clip/);
  });

  it("listens for the named keywords alone", async () => {
    const { stdout } = await earshot(["listen", "--input", path("a.wav"), "--keywords", "yes,no", ...options]);
    expect(lines(stdout).filter(({ label }) => label === "stop")).toEqual([]);
    const wrong = await earshot(["listen", "--input", path("a.wav"), "--keywords", "stopp"]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toMatch(/no keyword 'stopp'; did you mean 'stop'/);
  });

  it("takes front end and labels of a .tflite file, as its message says", async () => {
    await earshot(["export", "ds_cnn_s", "-o", path("ds.tflite")]);
    const { labels, frontendDescription } = await loadModel(join(root, "models/ds_cnn_s.safetensors"));
    writeFileSync(path("labels.txt"), labels.map((label) => (label === "stop" ? "halt" : label)).join("\n"));
    writeFileSync(path("frontend.json"), JSON.stringify(frontendDescription));
    const given = ["--frontend", path("frontend.json"), "--labels", path("labels.txt")];
    const { code, stdout, stderr } = await earshot(["listen", path("ds.tflite"), "--input", path("a.wav"), ...given, ...options]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(lines(stdout).map(({ label }) => label)).toContain("halt");
  });

  it.each([
    [["--input", "a.wav", "--rate", "8000"], "--rate is about samples without a header: give --raw ENCODING with it"],
    [["--channels", "2"], "--channels is about samples without a header"],
    [["--raw", "u8"], "--raw is about a file or standard input"],
  ])("what would say how samples are stored where they say it is refused: %j", async (given, message) => {
    const { code, stderr } = await earshot(["listen", ...given]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it("says what is wrong with an input, in a line", async () => {
    writeFileSync(path("text.wav"), "this is a text, and no sound at all");
    for (const [input, message] of [
      [path("text.wav"), /no sound format that is known/],
      [path("missing.wav"), /missing.wav: cannot be read: no such file/],
      ["-", /an empty file/],
    ] as const) {
      const { code, stderr } = await earshot(["listen", "--input", input]);
      expect(code).toBe(1);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr).toMatch(message);
    }
  });

  /** A folder with node and a program of a name, so that no recorder of the machine is found. */
  function programs(name: string, script: string): Record<string, string> {
    writeFileSync(path(name), `#!/bin/sh\n${script}\n`);
    chmodSync(path(name), 0o755);
    return { PATH: `${folder}:/bin` };
  }

  it("records from the microphone until the recorder ends", async () => {
    writeFileSync(path("a.raw"), readFileSync(path("a.wav")).subarray(44));
    const environment = programs("arecord", `case "$*" in *"-r 16000"*) exec cat ${path("a.raw")};; esac`);
    const { code, stdout } = await earshot(["listen", "--input", "mic", "--device", "plug:desk", ...options], { environment });
    expect(code).toBe(0);
    expect(stdout).toBe((await earshot(["listen", "--input", path("a.wav"), ...options])).stdout);
  });

  it("Ctrl-C ends the recording, and the recorder with it", async () => {
    const environment = programs("arecord", `echo $$ > ${path("pid")}; exec sleep 60`);
    const started = Date.now();
    const { code } = await earshot(["listen"], {
      environment,
      whileRunning: (kill) => setInterval(() => existsSync(path("pid")) && kill("SIGINT"), 300),
    });
    expect(code).toBe(0);
    expect(Date.now() - started).toBeLessThan(20_000);
    expect(readdirSync("/proc")).not.toContain(readFileSync(path("pid"), "utf8").trim());
  });

  it("a microphone that is not there: those that exist are named", async () => {
    const list = `printf 'null\\n    Discard all samples\\ndefault\\nplughw:CARD=PCH,DEV=0\\n    HDA Intel\\n'`;
    const environment = programs(
      "arecord",
      `case "$*" in -L) ${list};; *) echo "arecord: main:831: audio open error: No such file or directory" >&2; exit 1;; esac`,
    );
    const { code, stderr } = await earshot(["listen", "--device", "hw:7"], { environment });
    expect(code).toBe(1);
    expect(stderr).toContain("the microphone 'hw:7' cannot be opened (arecord: arecord: main:831: audio open error");
    expect(stderr).toContain("choose one with --device: default, plughw:CARD=PCH,DEV=0");
  });
});
