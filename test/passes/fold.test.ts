import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor, type Value } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { foldBatchNorm } from "../../src/passes/fold.js";
import { relativeDifference, runGraph } from "./run_graph.js";

interface NormOptions {
  readonly center: boolean;
  readonly scale: boolean;
}

function norm(builder: GraphBuilder, x: Value, { center, scale }: NormOptions, path: string): Value {
  const channels = [x.type.shape.at(-1) as number];
  const statistics = ["mean", "variance"].map((n) =>
    builder.parameter(`${path}.${n}`, channels, { kind: "zeros" }, "f32", false),
  );
  const beta = center ? [builder.parameter(`${path}.beta`, channels, { kind: "zeros" })] : [];
  const gamma = scale ? [builder.parameter(`${path}.gamma`, channels, { kind: "ones" })] : [];
  return builder.op("batch_norm", [x, ...statistics, ...beta, ...gamma], { epsilon: 0.001, momentum: 0.9, center, scale });
}

function randomParameters(graph: Graph): Map<string, Float32Array> {
  const random = new RandomStream(5);
  const draw = (name: string): number => (name.endsWith("variance") ? random.between(0.2, 2) : random.between(-1, 1));
  return new Map(
    graph.parameters.map((p) => [p.name, Float32Array.from({ length: sizeOf(p.value.type.shape) }, () => draw(p.name))]),
  );
}

/** Runs a graph and its folded form on the same random input. */
async function compare(graph: Graph) {
  const parameters = randomParameters(graph);
  const folded = foldBatchNorm({ graph, parameters });
  verifyGraph(folded.graph);
  const random = new RandomStream(9);
  const x = Float32Array.from({ length: sizeOf(graph.inputs[0].value.type.shape) }, () => random.normal());
  const wanted = await runGraph(graph, { x }, parameters);
  const found = await runGraph(folded.graph, { x }, folded.parameters);
  const differences = [...wanted].map(([name, values]) => relativeDifference(found.get(name) as Float32Array, values));
  return { folded, ops: folded.graph.nodes.map((n) => n.op), difference: Math.max(...differences) };
}

const window = { strides: [2, 1], dilations: [1, 1] };
const producers: [op: string, input: number[], weight: number[], attributes: Record<string, string | number[]>][] = [
  ["conv2d", [2, 7, 5, 3], [3, 2, 3, 4], { ...window, padding: "same" }],
  ["conv2d", [1, 7, 5, 3], [3, 2, 3, 4], { ...window, padding: "causal" }],
  ["depthwise_conv2d", [2, 7, 5, 4], [3, 3, 4, 1], { ...window, padding: "valid" }],
  ["dense", [2, 6, 3], [3, 4], {}],
];

describe("batch norm folded into its producer", () => {
  for (const [op, input, weight, attributes] of producers)
    for (const bias of [false, true])
      for (const options of [
        { center: true, scale: true },
        { center: true, scale: false },
        { center: false, scale: true },
        { center: false, scale: false },
      ])
        it(`${op} [${weight}]${bias ? " with bias" : ""}, center ${options.center}, scale ${options.scale}`, async () => {
          const builder = new GraphBuilder("g");
          let y = builder.op(
            op,
            [builder.input("x", tensor("f32", input)), builder.parameter("layer.kernel", weight, { kind: "zeros" })],
            attributes,
          );
          if (bias) y = builder.op("add", [y, builder.parameter("layer.bias", [4], { kind: "zeros" })]);
          builder.output("y", builder.op("relu", [norm(builder, y, options, "layer.norm")]));
          const { folded, ops, difference } = await compare(builder.finish());
          expect(ops).toEqual([op, "add", "relu"]);
          expect([...folded.parameters.keys()].toSorted()).toEqual(["layer.bias", "layer.kernel"]);
          expect(difference).toBeLessThan(1e-6);
        });

  const stays: [what: string, build: (builder: GraphBuilder, x: Value, w: Value) => void][] = [
    [
      "what the producer gives is also an output",
      (builder, x, w) => {
        const y = builder.op("dense", [x, w]);
        builder.output("before", y);
        builder.output("y", norm(builder, y, { center: true, scale: true }, "norm"));
      },
    ],
    [
      "two layers share the weight",
      (builder, x, w) => {
        const y = norm(builder, builder.op("dense", [x, w]), { center: true, scale: true }, "norm");
        builder.output("y", builder.op("dense", [y, w]));
      },
    ],
    [
      "something stands between",
      (builder, x, w) =>
        builder.output(
          "y",
          norm(builder, builder.op("tanh", [builder.op("dense", [x, w])]), { center: true, scale: true }, "norm"),
        ),
    ],
    [
      "there is no producer",
      (builder, x, w) => builder.output("y", builder.op("dense", [norm(builder, x, { center: true, scale: true }, "norm"), w])),
    ],
  ];
  for (const [what, build] of stays)
    it(`stays where ${what}`, async () => {
      const builder = new GraphBuilder("g");
      build(builder, builder.input("x", tensor("f32", [2, 4])), builder.parameter("w", [4, 4], { kind: "zeros" }));
      const { ops, difference } = await compare(builder.finish());
      expect(ops).toContain("batch_norm");
      expect(difference).toBe(0);
    });
});
