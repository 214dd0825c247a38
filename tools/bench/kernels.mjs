/**
 * npm run bench:kernels -- NETWORK [--target native|wasm] [--threads N] [--steps N] [--rows N]
 *
 * Where one training step (a batch of the network's published training, Adam) goes, kernel by kernel: calls and milliseconds a step, share of the step,
 * GFLOP/s of multiply-adds and their share of the target's peak.
 */
import { parseArgs } from "node:util";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { wasmFeatures } from "../../dist/kernels/wasm_features.js";
import { nativePeak, wasmPeak } from "./multiply_add_peak.mjs";
import { openStep, stepOf } from "./step_program.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    target: { type: "string", default: "native" },
    threads: { type: "string", default: "1" },
    steps: { type: "string", default: "10" },
    rows: { type: "string", default: "40" },
  },
});
const [network = "ds_cnn_s"] = positionals;
const { target } = options;
const threads = Number(options.threads);
const steps = Number(options.steps);

const peak = target === "native" ? await nativePeak(nativeCompiler(), threads) : await wasmPeak(wasmFeatures().relaxed);
const step = stepOf(network);
const { program, time } = await openStep(step, target, threads, true);
time(2);
const nameOf = (t) => `${t.kernel} ${t.op} ${t.shapes}`;
const warm = program.kernelTimes();
const wall = time(steps).reduce((a, b) => a + b) / steps;
const rows = program.kernelTimes().map((t) => {
  // Kernels of one name are told apart by their calls.
  const before = warm.find((w) => nameOf(w) === nameOf(t) && w.calls * (steps + 2) === t.calls * 2);
  const ms = (t.milliseconds - before.milliseconds) / steps;
  const calls = (t.calls - before.calls) / steps;
  warm.splice(warm.indexOf(before), 1);
  return { ...t, ms, calls, rate: (2e-6 * t.multiplyAccumulates * calls) / ms };
});
program.close();
rows.sort((a, b) => b.ms - a.ms);
const busy = rows.filter((r) => r.multiplyAccumulates > 0).reduce((sum, r) => sum + r.ms, 0);
const ofPeak = (step.flops / wall / 1e6 / peak).toFixed(2);
console.log(
  `${network} ${target} ${threads} thread: ${wall.toFixed(2)} ms, of which products ${busy.toFixed(2)} ms; peak ${peak.toFixed(1)} GFLOP/s; whole step ${ofPeak} of it`,
);
for (const r of rows.slice(0, Number(options.rows))) {
  const share = `${((100 * r.ms) / wall).toFixed(1)}%`;
  const rate = r.multiplyAccumulates > 0 ? `${r.rate.toFixed(0).padStart(4)} ${(r.rate / peak).toFixed(2)}` : "         ";
  console.log(
    `${r.ms.toFixed(3).padStart(8)} ${share.padStart(6)} ${String(r.calls).padStart(5)} ${rate}  ${r.kernel} | ${r.op} ${r.shapes}`,
  );
}
