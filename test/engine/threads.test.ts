import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import type { CompiledProgram } from "../../src/engine/program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import { type Graph, tensor } from "../../src/graph/types.js";
import { buildTrainingStep } from "../../src/train/step.js";
import { buildModel, findModel } from "../../src/zoo/index.js";

const [batch, labels] = [12, 12];
const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const targets = nativeCompiler() ? (["wasm", "native"] as const) : (["wasm"] as const);

function modelOf(network: string): { model: Graph; frames: number; features: number } {
  const { frames, features } = (findModel(network).published as { shape: { frames: number; features: number } }).shape;
  return { model: buildModel(network, {}, { frames, features, labels }), frames, features };
}

/** Bytes of every tensor of the program, by name, after three training steps. */
async function trained(network: string, target: "wasm" | "native", threads: number): Promise<Map<string, Buffer>> {
  const { model, frames, features } = modelOf(network);
  const typed = retype(model, { inputs: { features: [batch, frames, features] } });
  const program = await compile(buildTrainingStep(typed, { optimizer }), { target, threads });
  expect(program.threads).toBe(threads);
  for (const [name, values] of initializeParameters(model, 1)) program.write(name, values);
  const random = new RandomStream(2);
  program.write("weights", new Float32Array(batch).fill(1));
  program.write("learning_rate", [0.001]);
  for (let step = 1; step <= 3; step++) {
    const values = Float32Array.from({ length: batch * frames * features }, () => random.normal());
    program.write("features", values);
    program.write(
      "targets",
      Float32Array.from({ length: batch * labels }, (_, i) => Number(i % labels === Math.floor(i / labels))),
    );
    program.write("correction1", [1 - optimizer.beta1 ** step]);
    program.write("correction2", [1 - optimizer.beta2 ** step]);
    program.write("seed", [1, step]);
    program.run();
  }
  expect(program.read("loss")[0]).toBeGreaterThan(0);
  const tensors = new Map(program.names.map((name) => [name, bytesOf(program, name)]));
  program.close();
  return tensors;
}

function bytesOf(program: CompiledProgram, name: string): Buffer {
  const view = program.view(name);
  return Buffer.from(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
}

describe.each(targets)("three training steps, %s", (target) => {
  it.each(["ds_cnn_s", "crnn"])(
    "%s: the same bits on 1, 2 and 4 threads",
    async (network) => {
      const alone = await trained(network, target, 1);
      for (const threads of [2, 4]) {
        const together = await trained(network, target, threads);
        expect([...together.keys()]).toEqual([...alone.keys()]);
        const different = [...alone].filter(([name, bytes]) => !bytes.equals(together.get(name) as Buffer)).map(([name]) => name);
        expect(different, `${threads} threads`).toEqual([]);
      }
      expect(alone.size).toBeGreaterThan(30);
    },
    240_000,
  );
});

/** y = 2 x, of n elements. */
function doubling(n: number): Graph {
  const g = new GraphBuilder("doubling");
  const x = g.input("x", tensor("f32", [n]));
  g.output("y", g.op("add", [x, x]));
  return g.finish();
}

describe("threads of a WebAssembly program", () => {
  it("more threads than there is work, and runs after a pause in which they slept", async () => {
    const program = await compile(doubling(3), { target: "wasm", threads: 7 });
    for (let turn = 1; turn <= 3; turn++) {
      program.write("x", [turn, -turn, 0.5]);
      program.run();
      expect([...program.read("y")]).toEqual([2 * turn, -2 * turn, 1]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    program.close();
    program.close();
    expect(() => program.run()).toThrow(/closed/);
  });

  it("sleep between runs", async () => {
    const program = await compile(doubling(1000), { target: "wasm", threads: 3 });
    program.run();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { user, system } = process.cpuUsage(before);
    program.close();
    expect((user + system) / 1000).toBeLessThan(100);
  });

  it("one thread where memory cannot be shared", async () => {
    const known = globalThis.SharedArrayBuffer;
    try {
      Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
      const program = await compile(doubling(8), { target: "wasm", threads: 4 });
      expect(program.threads).toBe(1);
      program.write("x", [1, 2, 3, 4, 5, 6, 7, 8]);
      program.run();
      expect([...program.read("y")]).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
      program.close();
    } finally {
      globalThis.SharedArrayBuffer = known;
    }
  });
});
