import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSound } from "../../dist/signal/decode.js";

/**
 * Recorded clips of MLPerf Tiny's keyword model as its stored inputs, and the bytes that were recorded for each.
 * @param folder of the published models
 * @param frontend FE-B, compiled
 * @param quantization of the input; values are cut, not rounded, as the benchmark does
 */
export async function recordedClips(folder, frontend, quantization) {
  const [head, ...lines] = readFileSync(join(folder, "expected/mlperf-tiny/kws_ref_model.csv"), "utf8").trim().split("\n");
  const columns = head.split(",");
  const first = columns.indexOf("q0");
  const scale = Math.fround(quantization.scale[0]);
  const inputs = [];
  const outputs = [];
  for (const line of lines) {
    const cells = line.trim().split(",");
    const { samples } = await decodeSound(readFileSync(join(folder, "clips", cells[0])), cells[0]);
    const audio = new Float32Array(16000);
    audio.set(samples.subarray(0, 16000));
    frontend.write("audio", audio);
    frontend.run();
    for (const x of frontend.read("features")) {
      const stored = Math.fround(Math.fround(x / scale) + quantization.zeroPoint[0]);
      inputs.push(Math.max(-128, Math.min(127, Math.trunc(stored))));
    }
    outputs.push(...cells.slice(first, first + 12).map(Number));
  }
  return { inputs: new Uint8Array(Int8Array.from(inputs).buffer), outputs };
}
