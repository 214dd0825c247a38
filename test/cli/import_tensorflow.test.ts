import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { encodeWav } from "../../src/signal/wav.js";
import { runInProcess } from "../bad_input/run_in_process.js";

// Compilers take longer than the work.
process.env["EARSHOT_CC"] = "none";
const golden = join(import.meta.dirname, "../golden");
const folder = mkdtempSync(join(tmpdir(), "earshot-import-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

async function earshot(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runInProcess(args);
  expect([stderr, code]).toEqual(["", 0]);
  return stdout;
}

function writeSounds(): void {
  const random = new RandomStream(4);
  for (const label of ["a", "b", "c"]) {
    mkdirSync(at(`sounds/${label}`), { recursive: true });
    for (let i = 0; i < 4; i++) {
      const samples = Float32Array.from({ length: 4000 }, () => 0.2 * random.normal());
      writeFileSync(at(`sounds/${label}/${i}.wav`), encodeWav({ samples, sampleRate: 16000 }));
    }
  }
}

it("a frozen graph of TensorFlow 1 predicts, streams, becomes integers and a .tflite file", async () => {
  writeSounds();
  const model = at("gru.safetensors");
  const imported = JSON.parse(await earshot("import", join(golden, "frozen/gru.pb"), "--labels", "a,b,c", "-o", model, "--json"));
  expect(imported).toMatchObject({
    network: "hello_edge/gru",
    labels: ["a", "b", "c"],
    frontend: { kind: "mfcc_op", strideMs: 20 },
  });
  const said = JSON.parse(await earshot("predict", model, at("sounds/a/0.wav"), "--json", "--target", "wasm"));
  expect(Object.keys(said.scores).toSorted()).toEqual(["a", "b", "c"]);
  const stream = JSON.parse(await earshot("stream", model, "--json", "--target", "wasm"));
  expect(stream.form).toBe("context");
  await earshot("quantize", model, "--calibrate", at("sounds"), "-o", at("int8.safetensors"), "--json");
  await earshot("export", at("int8.safetensors"), "--to", "tflite", "--out", at("gru.tflite"), "--json");
  expect(readFileSync(at("gru.tflite")).subarray(4, 8).toString()).toBe("TFL3");
}, 60_000);

it("a checkpoint of kws_streaming with its sizes and front end", async () => {
  const { options } = JSON.parse(readFileSync(join(golden, "keras/cases.json"), "utf8")).cases.find(
    ({ name }: { name: string }) => name === "svdf_resnet",
  ) as { options: Record<string, string | number> };
  writeFileSync(at("frontend.json"), JSON.stringify({ kind: "mfcc_tf", windowMs: 40, strideMs: 20, dctCoefficients: 6 }));
  const given = Object.entries(options).flatMap(([name, value]) => ["--option", `${name}=${value}`]);
  const shape = ["--frontend", at("frontend.json"), "--samples", "7040", "--labels", "a,b,c,d"];
  const args = ["import", join(golden, "keras/svdf_resnet"), "--network", "kws_streaming/svdf_resnet", ...given, ...shape];
  const imported = JSON.parse(await earshot(...args, "-o", at("svdf.safetensors"), "--json"));
  expect(imported).toMatchObject({ network: "kws_streaming/svdf_resnet", labels: ["a", "b", "c", "d"] });
});
