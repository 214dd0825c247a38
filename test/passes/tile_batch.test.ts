import { expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import type { TargetName } from "../../src/engine/program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { multiplyAccumulates } from "../../src/graph/count.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import { parseGraph } from "../../src/graph/text_parse.js";
import { printGraph } from "../../src/graph/text_print.js";
import { type Graph, tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { fuseProducts } from "../../src/passes/fuse_products.js";
import { optimize } from "../../src/passes/optimize.js";
import { streamTrainingForm } from "../../src/passes/stream_training.js";
import { tileBatch } from "../../src/passes/tile_batch.js";
import { differentiatedStep } from "../../src/train/step.js";
import { buildModel } from "../../src/zoo/index.js";

const targets: TargetName[] = nativeCompiler() ? ["oracle", "wasm", "native"] : ["oracle", "wasm"];
const labels = 3;
const batched = ["features", "targets", "weights"];

interface Shape {
  readonly batch: number;
  readonly frames: number;
  readonly features: number;
}

function stepOf(name: string, { batch, frames, features }: Shape, options: Record<string, unknown> = {}) {
  const model = buildModel(name, options, { frames, features, labels });
  const typed = retype(model, { inputs: { features: [batch, frames, features] } });
  const step = differentiatedStep(typed, { optimizer: { kind: "sgd", momentum: 0.9 }, clipNorm: 5, l2: 0.001 });
  return { model, step };
}

/** All tensors after a step on noise. */
async function train(graph: Graph, model: Graph, { batch, frames, features }: Shape, target: TargetName, threads = 1) {
  const program = await compile(graph, { target, threads });
  for (const [name, values] of initializeParameters(model, 1)) program.write(name, values);
  const random = new RandomStream(3);
  program.write(
    "features",
    Float32Array.from({ length: batch * frames * features }, () => random.normal()),
  );
  program.write(
    "targets",
    Float32Array.from({ length: batch * labels }, (_, i) => Number(i % labels === Math.floor(i / labels) % labels)),
  );
  program.write("weights", new Float32Array(batch).fill(1));
  program.write("learning_rate", [0.05]);
  program.write("seed", [1, 1]);
  program.run();
  const tensors = new Map(
    program.names.filter((n) => program.typeOf(n).dtype === "f32").map((n) => [n, program.read(n).slice()] as const),
  );
  program.close();
  return tensors;
}

function expectClose(found: ReadonlyMap<string, Float32Array>, wanted: ReadonlyMap<string, Float32Array>): void {
  expect([...found.keys()]).toEqual([...wanted.keys()]);
  for (const [name, values] of wanted) {
    const largest = values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
    const worst = (found.get(name) as Float32Array).reduce((m, v, i) => Math.max(m, Math.abs(v - values[i]!)), 0);
    expect(worst / largest, name).toBeLessThan(5e-4);
  }
}

const loopsOf = (graph: Graph) => graph.nodes.filter((n) => n.op === "batch_loop");

// [network, shape, bytes of cache, loops at least, options]
const cases: [string, Shape, number, number, Record<string, unknown>?][] = [
  ["ds_cnn_s", { batch: 8, frames: 15, features: 8 }, 40_000, 12],
  ["ds_cnn_s", { batch: 7, frames: 15, features: 8 }, 20_000, 12, { gamma: false }],
  // As many clips as channels.
  ["ds_cnn_s", { batch: 64, frames: 15, features: 8 }, 200_000, 12],
  ["svdf", { batch: 8, frames: 98, features: 40 }, 3_000_000, 1],
  // All weights together do not fit: the products stay whole, what lies between them goes in parts.
  ["svdf", { batch: 8, frames: 98, features: 40 }, 600_000, 6],
  ["crnn", { batch: 4, frames: 49, features: 20 }, 3_000_000, 0],
];

for (const [name, shape, cacheBytes, least, options] of cases)
  for (const target of shape.batch < 20 && shape.frames === 15 ? targets : targets.slice(-1))
    test(`a batch in parts trains as a whole one: ${name}, batch ${shape.batch}, ${target}`, async () => {
      const { model, step } = stepOf(name, shape, options);
      const whole = optimize(step);
      const tiled = optimize(step, { batched, cacheBytes });
      expect(loopsOf(tiled).length).toBeGreaterThanOrEqual(least);
      verifyGraph(tiled);
      expect(multiplyAccumulates(tiled)).toBe(multiplyAccumulates(whole));
      expectClose(await train(tiled, model, shape, target), await train(whole, model, shape, target));
    });

test("the form for training for streams goes in parts, too", async () => {
  const shape = { batch: 8, frames: 31, features: 8 };
  const model = buildModel("ds_cnn_s", {}, { ...shape, labels });
  const step = differentiatedStep(streamTrainingForm(model, shape.batch), { optimizer: { kind: "sgd", momentum: 0.9 } });
  const [whole, tiled] = [optimize(step), optimize(step, { batched, cacheBytes: 100_000 })];
  expect(loopsOf(tiled).length).toBeGreaterThanOrEqual(12);
  const target = targets.at(-1) as TargetName;
  expectClose(await train(tiled, model, shape, target), await train(whole, model, shape, target));
});

const small = { batch: 12, frames: 15, features: 8 };

test("any number of threads gives the same bits", async () => {
  const { model, step } = stepOf("ds_cnn_s", small);
  const tiled = optimize(step, { batched, cacheBytes: 40_000 });
  for (const target of targets.slice(1)) {
    const one = await train(tiled, model, small, target);
    for (const threads of [2, 3, 4]) expect(await train(tiled, model, small, target, threads)).toEqual(one);
  }
});

test("where weights do not fit the cache, heavy products take the whole batch, with what stands behind them", async () => {
  const shape = { batch: 8, frames: 98, features: 40 };
  const { model, step } = stepOf("svdf", shape);
  const tiled = optimize(step, { batched, cacheBytes: 600_000 });
  const opsOf = (nodes: Graph["nodes"]): string[] => nodes.map((n) => n.op);
  // As compile does for the native target.
  const joined = fuseProducts(tiled);
  const heavy = joined.nodes.filter((n) => n.op === "product" && n.body!.nodes[0]!.op === "dense");
  expect(heavy.map((n) => opsOf(n.body!.nodes).join("+"))).toContain("dense+step+mul");
  for (const loop of loopsOf(joined)) expect(loop.body!.nodes.flatMap((n) => n.body?.nodes ?? [n]).length).toBeGreaterThan(1);
  expect(loopsOf(tiled).some((n) => opsOf(n.body!.nodes).includes("depthwise_conv2d_kernel_gradient"))).toBe(true);
  const target = targets[targets.length - 1]!;
  const one = await train(tiled, model, shape, target);
  expect(await train(tiled, model, shape, target, 3)).toEqual(one);
});

test("loops survive being printed and read", () => {
  const tiled = optimize(stepOf("ds_cnn_s", small).step, { batched, cacheBytes: 40_000 });
  expect(printGraph(parseGraph(printGraph(tiled)))).toBe(printGraph(tiled));
});

test("a batch that one op needs whole is not cut", async () => {
  const g = new GraphBuilder("whole");
  const x = g.input("x", tensor("f32", [8, 8]));
  // The second factor is the whole batch.
  let y = g.op("dense", [x, x]);
  for (let i = 0; i < 3; i++) y = g.op("dense", [g.op("relu", [y]), x]);
  g.output("y", y);
  const graph = g.finish();
  const tiled = tileBatch(graph, { batched: ["x"], cacheBytes: 300 });
  expect(loopsOf(tiled)).toEqual([]);
  expect(printGraph(tiled)).toBe(printGraph(graph));
});
