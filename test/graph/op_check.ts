import { expect } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import type { TargetName } from "../../src/engine/program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Attributes, type DType, type Graph, sizeOf, type Value } from "../../src/graph/types.js";
import { differentiate } from "../../src/passes/autodiff.js";

/** Every target of this machine but the oracle. */
export const otherTargets: TargetName[] = nativeCompiler() ? ["wasm", "native"] : ["wasm"];

export interface OpCase {
  readonly op: string;
  readonly shapes: readonly (readonly number[])[];
  readonly attributes?: Attributes;
  readonly name?: string;
  /** Range of the inputs; [-1, 1) by default. */
  readonly range?: readonly [number, number];
  /** Cell graph of scan. */
  readonly body?: (dtype: DType) => Graph;
  readonly differentiable?: boolean;
}

function draw(shape: readonly number[], random: RandomStream, [low, high]: readonly [number, number]): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, () => random.between(low, high));
}

function buildCase(c: OpCase, dtype: DType, withGradients: boolean): { graph: Graph; outputs: number } {
  const g = new GraphBuilder(c.op);
  const inputs = c.shapes.map((shape, i) => g.input(`x${i}`, { dtype, shape }));
  const outputs = g.apply(c.op, inputs, c.attributes, c.body?.(dtype));
  outputs.forEach((value, i) => g.output(`y${i}`, value));
  if (withGradients) {
    const node = { op: c.op, inputs, outputs, attributes: c.attributes ?? {}, ...(c.body ? { body: c.body(dtype) } : {}) };
    const seeds = new Map<Value, Value>(outputs.map((v, i) => [v, g.input(`d${i}`, v.type)]));
    const gradients = differentiate(g, { nodes: [node], seeds, wanted: inputs });
    inputs.forEach((v, i) => {
      const gradient = gradients.get(v);
      if (gradient) g.output(`g${i}`, gradient);
    });
  }
  return { graph: g.finish(), outputs: outputs.length };
}

async function results(
  graph: Graph,
  target: TargetName,
  data: ReadonlyMap<string, Float64Array>,
): Promise<Map<string, Float64Array>> {
  const program = await compile(graph, { target });
  for (const { name } of graph.inputs) program.write(name, data.get(name)!);
  // The second run must not see anything of the first.
  program.run();
  for (const { name } of graph.inputs) program.write(name, data.get(name)!);
  program.run();
  const out = new Map(graph.outputs.map(({ name }) => [name, Float64Array.from(program.view(name))]));
  program.close();
  return out;
}

/** Central differences of sum(d * y) against the gradient graph, in f64 on the oracle. */
async function checkGradients(c: OpCase): Promise<void> {
  const { graph, outputs } = buildCase(c, "f64", true);
  const random = new RandomStream(7, c.shapes.length);
  const data = new Map(
    graph.inputs.map(({ name, value }) => [
      name,
      draw(value.type.shape, random, name.startsWith("d") ? [-1, 1] : (c.range ?? [-1, 1])),
    ]),
  );
  const program = await compile(graph, { target: "oracle" });
  const objective = (): number => {
    for (const { name } of graph.inputs) program.write(name, data.get(name)!);
    program.run();
    let sum = 0;
    for (let i = 0; i < outputs; i++) {
      const y = program.view(`y${i}`);
      const d = data.get(`d${i}`)!;
      for (let j = 0; j < y.length; j++) sum += y[j]! * d[j]!;
    }
    return sum;
  };
  objective();
  const gradients = new Map(
    graph.outputs.filter((o) => o.name.startsWith("g")).map(({ name }) => [name, Float64Array.from(program.view(name))]),
  );
  expect(gradients.size, "inputs with a gradient").toBeGreaterThan(0);
  const step = 1e-5;
  for (const [name, gradient] of gradients) {
    const x = data.get(`x${name.slice(1)}`)!;
    for (let j = 0; j < x.length; j += Math.max(1, Math.floor(x.length / 60))) {
      const value = x[j]!;
      x[j] = value + step;
      const high = objective();
      x[j] = value - step;
      const low = objective();
      x[j] = value;
      const expected = (high - low) / (2 * step);
      expect(Math.abs(gradient[j]! - expected), `${name}[${j}] ${gradient[j]} against ${expected}`).toBeLessThan(
        1e-6 * Math.max(1, Math.abs(expected)) * 10,
      );
    }
  }
}

/** Forward and gradients in f32 on every target against the oracle in f64. */
async function checkTargets(c: OpCase): Promise<void> {
  const withGradients = c.differentiable !== false;
  const random = new RandomStream(11, c.shapes.length);
  const single = buildCase(c, "f32", withGradients).graph;
  const double = buildCase(c, "f64", withGradients).graph;
  const data = new Map(
    single.inputs.map(({ name, value }) => [
      name,
      Float64Array.from(Float32Array.from(draw(value.type.shape, random, name.startsWith("d") ? [-1, 1] : (c.range ?? [-1, 1])))),
    ]),
  );
  const expected = await results(double, "oracle", data);
  for (const target of ["oracle" as const, ...otherTargets]) {
    const found = await results(single, target, data);
    for (const [name, values] of expected) {
      const scale = values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
      const got = found.get(name)!;
      for (let i = 0; i < values.length; i++)
        if (!(Math.abs(got[i]! - values[i]!) <= 5e-6 * scale))
          expect.fail(`${target} ${name}[${i}]: ${got[i]} against ${values[i]}`);
    }
  }
}

/** An op against the oracle on every target, and its gradient against finite differences. */
export async function checkOp(c: OpCase): Promise<void> {
  await checkTargets(c);
  if (c.differentiable !== false) await checkGradients(c);
}
