import { expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor, type Value } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { differentiate } from "../../src/passes/autodiff.js";
import { padWithin } from "../../src/passes/pad_within.js";
import { relativeDifference, runGraph } from "./run_graph.js";

/** As many as make the kernel worth cutting. */
const channels = 96;

/** A convolution of 3 x 3 of a padded map [2, rows, columns, channels]. */
function network(rows: number, columns: number, strides: readonly [number, number]): Graph {
  const g = new GraphBuilder("padded");
  const x = g.input("x", tensor("f32", [2, rows, columns, channels]));
  const w = g.input("w", tensor("f32", [3, 3, channels, channels]));
  const padded = g.op("pad", [x], { before: [0, 1, 1, 0], after: [0, 1, 1, 0] });
  g.output("y", g.op("conv2d", [padded, w], { strides, dilations: [1, 1], padding: "valid" }));
  return g.finish();
}

/** The same with the gradients of its inputs. */
function withGradients(graph: Graph): Graph {
  const g = new GraphBuilder(graph.name);
  const map = new Map<Value, Value>(graph.inputs.map(({ name, value }) => [value, g.input(name, value.type)]));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((v) => map.get(v)!);
    g.apply(node.op, inputs, node.attributes).forEach((v, i) => map.set(node.outputs[i]!, v));
  }
  const y = map.get(graph.outputs[0]!.value)!;
  const wanted = graph.inputs.map(({ value }) => map.get(value)!);
  const seeds = new Map([[y, g.op("affine", [y], { scale: 0.5, offset: 0.1 })]]);
  const found = differentiate(g, { nodes: [...g.nodes], seeds, wanted });
  g.output("y", y);
  graph.inputs.forEach(({ name }, i) => g.output(`d${name}`, found.get(wanted[i]!)!));
  return g.finish();
}

const inputsOf = (graph: Graph): Record<string, Float32Array> =>
  Object.fromEntries(
    graph.inputs.map(({ name, value }, i) => {
      const random = new RandomStream(i);
      return [name, Float32Array.from({ length: sizeOf(value.type.shape) }, () => random.normal())];
    }),
  );

test.each([
  { rows: 1, columns: 2, strides: [1, 1] as const, kernel: [1, 3] },
  { rows: 1, columns: 1, strides: [1, 1] as const, kernel: [1, 1] },
  { rows: 2, columns: 3, strides: [2, 2] as const, kernel: [2, 3] },
  { rows: 4, columns: 5, strides: [1, 1] as const, kernel: [3, 3] },
])("zeros around $rows x $columns become the convolution's", async ({ rows, columns, strides, kernel }) => {
  const plain = network(rows, columns, strides);
  const within = padWithin(plain);
  verifyGraph(within);
  const convolution = within.nodes.find((n) => n.op === "conv2d")!;
  expect(convolution.inputs[0]).toBe(within.inputs[0]!.value);
  expect(convolution.inputs[1]!.type.shape.slice(0, 2)).toEqual(kernel);
  const expected = await runGraph(withGradients(plain), inputsOf(plain));
  const found = await runGraph(withGradients(within), inputsOf(plain));
  for (const name of ["y", "dx", "dw"])
    expect(relativeDifference(found.get(name)!, expected.get(name)!), name).toBeLessThan(1e-5);
});

test("zeros along other axes, and those of causal convolutions, stay where they are", () => {
  const g = new GraphBuilder("others");
  const x = g.input("x", tensor("f32", [1, 6, 5, 2]));
  const w = g.input("w", tensor("f32", [3, 1, 3, 4]));
  const wider = g.op("pad", [x], { before: [0, 1, 0, 0], after: [0, 0, 0, 1] });
  g.output("wider", g.op("conv2d", [wider, w], { strides: [1, 1], dilations: [1, 1], padding: "valid" }));
  const later = g.op("pad", [g.input("z", tensor("f32", [1, 6, 5, 3]))], { before: [0, 1, 0, 0], after: [0, 0, 0, 0] });
  g.output("later", g.op("conv2d", [later, w], { strides: [1, 1], dilations: [1, 1], padding: "causal" }));
  const graph = g.finish();
  expect(padWithin(graph).nodes.map((n) => n.attributes)).toEqual(graph.nodes.map((n) => n.attributes));
});
