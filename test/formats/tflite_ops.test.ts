import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { openLiteRt } from "../../src/formats/litert.js";
import { TfliteEmitter } from "../../src/formats/tflite/emitter.js";
import { lowerGraph } from "../../src/formats/tflite/lower_graph.js";
import { serializeTflite } from "../../src/formats/tflite/serialize.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Attributes, type Graph, sizeOf, tensor, type Value } from "../../src/graph/types.js";
import { relativeDifference, runGraph } from "../passes/run_graph.js";

function tfliteOf(graph: Graph, parameters: ReadonlyMap<string, Float32Array>): Uint8Array {
  const emitter = new TfliteEmitter();
  const inputs = graph.inputs.map(({ name, value }) => ({ name, tensor: emitter.tensor(name, value.type.shape) }));
  const lowered = lowerGraph(graph, parameters, new Map(inputs.map((i) => [i.name, i.tensor])), new Map(), emitter);
  const outputs = [...lowered.outputs].map(([name, index]) => ({ name, tensor: index }));
  return serializeTflite(emitter.finish("test", inputs, outputs, new Map()));
}

/** Largest relative difference between LiteRT and the oracle over all outputs of a graph on random inputs. */
async function difference(graph: Graph, draw: (random: RandomStream) => number = (r) => r.normal()): Promise<number> {
  const random = new RandomStream(11);
  const values = (shape: readonly number[]) => Float32Array.from({ length: sizeOf(shape) }, () => draw(random));
  const parameters = new Map(graph.parameters.map((p) => [p.name, values(p.value.type.shape)]));
  const inputs = Object.fromEntries(graph.inputs.map((i) => [i.name, values(i.value.type.shape)]));
  const wanted = await runGraph(graph, inputs, parameters);
  const model = await openLiteRt(tfliteOf(graph, parameters));
  const results = await model.run(model.inputs.map((i) => inputs[i.name]));
  const differences = model.outputs.map(({ name, shape }, i) => {
    expect([...shape]).toEqual(graph.outputs.find((o) => o.name === name)?.value.type.shape);
    return relativeDifference(results[i] as Float32Array, wanted.get(name) as Float32Array);
  });
  model.close();
  expect(differences).toHaveLength(graph.outputs.length);
  return Math.max(...differences);
}

function build(make: (builder: GraphBuilder) => Value): Graph {
  const builder = new GraphBuilder("g");
  builder.output("y", make(builder));
  return builder.finish();
}

const positive = (random: RandomStream): number => random.between(0.1, 3);
const input = (builder: GraphBuilder, ...shape: number[]): Value => builder.input(`x${shape.join("_")}`, tensor("f32", shape));
const weight = (builder: GraphBuilder, ...shape: number[]): Value =>
  builder.parameter(`w${shape.join("_")}`, shape, { kind: "zeros" });

const unary: [op: string, attributes?: Attributes, draw?: (random: RandomStream) => number][] = [
  ["neg"],
  ["abs"],
  ["exp"],
  ["log", {}, positive],
  ["sqrt", {}, positive],
  ["rsqrt", {}, positive],
  ["square"],
  ["relu"],
  ["sigmoid"],
  ["tanh"],
  ["round", {}, (r) => r.integer(40) / 2 - 10],
  ["sign", {}, (r) => r.integer(3) - 1],
  ["step", {}, (r) => r.integer(3) - 1],
  ["affine", { scale: 0.3, offset: -2 }],
  ["affine", { scale: 1, offset: 0 }],
  ["clamp", { low: -0.5, high: 0.7 }],
  ["clamp", { low: 0, high: 6 }, (r) => r.between(-9, 9)],
  ["clamp", { low: 1e-12, high: 3.4028234663852886e38 }],
  ["dropout", { rate: 0.5, rescale: true }],
  ["softmax"],
  ["log_softmax"],
  ["expand", { shape: [5, 2, 3, 4] }],
  ["sum", { axes: [1, -1], keep: false }],
  ["mean", { axes: [0, 1], keep: true }],
  ["max", { axes: [-2], keep: false }],
  ["reshape", { shape: [0, -1] }],
  ["transpose", { permutation: [2, 0, 1] }],
  ["slice", { begin: [0, -2, 1], end: [0, 0, 2147483647], strides: [1, 1, 2] }],
  ["pad", { before: [0, 1, 0], after: [2, 0, 1] }],
];

describe("ops in LiteRT against the oracle", () => {
  for (const [op, attributes = {}, draw] of unary)
    it(`${op} ${JSON.stringify(attributes)}`, async () => {
      // The addition keeps LiteRT from handing the input through.
      const graph = build((b) =>
        b.op(op, [b.op("add", [input(b, 2, 3, 4), b.op("zeros", [input(b, 4)], { shape: [4] })])], attributes),
      );
      expect(await difference(graph, draw)).toBeLessThan(2e-6);
    });

  for (const op of ["add", "sub", "mul", "div", "maximum", "minimum", "greater"])
    it(`${op} with broadcasting, with a parameter, before relu`, async () => {
      const graph = build((b) => b.op("relu", [b.op(op, [b.op(op, [input(b, 2, 3, 4), input(b, 3, 1)]), weight(b, 4)])]));
      expect(await difference(graph, positive)).toBeLessThan(1e-6);
    });

  for (const rank of [
    [3, 5],
    [2, 3, 5],
    [2, 1, 3, 5],
  ])
    for (const [bias, relu] of [
      [true, true],
      [true, false],
      [false, true],
    ])
      it(`dense [${rank}]${bias ? " + bias" : ""}${relu ? ", relu" : ""}`, async () => {
        const graph = build((b) => {
          let y = b.op("dense", [input(b, ...rank), weight(b, 5, 7)]);
          if (bias) y = b.op("add", [y, weight(b, 7)]);
          return relu ? b.op("relu", [y]) : y;
        });
        expect(await difference(graph)).toBeLessThan(2e-6);
      });

  it("dense of two tensors that depend on the input", async () => {
    const graph = build((b) => b.op("dense", [input(b, 2, 3, 5), b.op("tanh", [input(b, 5, 7)])]));
    expect(await difference(graph)).toBeLessThan(2e-6);
  });

  for (const padding of ["same", "valid", "causal"])
    for (const [strides, dilations] of [
      [
        [1, 1],
        [1, 1],
      ],
      [
        [2, 2],
        [1, 1],
      ],
      [
        [1, 1],
        [2, 1],
      ],
    ])
      for (const op of ["conv2d", "depthwise_conv2d"])
        it(`${op} ${padding}, strides ${strides}, dilations ${dilations}`, async () => {
          const graph = build((b) => {
            const kernel = op === "conv2d" ? weight(b, 3, 2, 6, 4) : weight(b, 3, 2, 6, 1);
            const y = b.op(op, [input(b, 1, 9, 8, 6), kernel], { padding, strides, dilations });
            return b.op("relu", [b.op("add", [y, weight(b, op === "conv2d" ? 4 : 6)])]);
          });
          expect(await difference(graph)).toBeLessThan(2e-6);
        });

  for (const [center, scale] of [
    [true, true],
    [false, false],
  ])
    it(`batch_norm that stands alone, center ${center}, scale ${scale}`, async () => {
      const graph = build((b) => {
        const vectors = ["mean", "variance", ...(center ? ["beta"] : []), ...(scale ? ["gamma"] : [])];
        const inputs = [input(b, 2, 3, 4), ...vectors.map((n) => b.parameter(n, [4], { kind: "ones" }))];
        return b.op("relu", [b.op("batch_norm", inputs, { epsilon: 0.001, momentum: 0.9, center, scale })]);
      });
      expect(await difference(graph, positive)).toBeLessThan(2e-6);
    });

  it("concat, of parameters too", async () => {
    const graph = build((b) => b.op("concat", [input(b, 2, 1, 3), weight(b, 2, 4, 3), input(b, 2, 2, 3)], { axis: -2 }));
    expect(await difference(graph)).toBe(0);
  });

  it("weights that are reshaped and transposed on the way", async () => {
    const graph = build((b) => {
      const kernel = b.op("reshape", [b.op("transpose", [weight(b, 2, 3, 4)], { permutation: [1, 2, 0] })], { shape: [3, 8] });
      return b.op("dense", [input(b, 2, 3), kernel]);
    });
    expect(await difference(graph)).toBeLessThan(2e-6);
  });

  for (const [samples, length, hop] of [
    [1000, 200, 100],
    [1000, 300, 100],
    [1001, 96, 64],
    [500, 101, 7],
    [40, 40, 40],
  ])
    it(`frame: ${samples} samples, ${length} every ${hop}`, async () => {
      const graph = build((b) => b.op("frame", [b.op("neg", [input(b, 1, samples)])], { length, hop }));
      expect(await difference(graph)).toBe(0);
    });

  for (const [shape, length] of [
    [[2, 3, 16], 16],
    [[5, 100], 128],
  ] as [number[], number][])
    it(`rfft [${shape}] of ${length} points, with a window`, async () => {
      const graph = build((b) => {
        const window = b.op("table", [], { kind: "hann", length: shape.at(-1) as number, offset: 0 });
        return b.op("rfft", [b.op("mul", [input(b, ...shape), window])], { length });
      });
      expect(await difference(graph)).toBeLessThan(2e-6);
    });

  it("what relu follows stays whole where something else needs it too", async () => {
    const builder = new GraphBuilder("g");
    const sum = builder.op("add", [builder.op("dense", [input(builder, 2, 3), weight(builder, 3, 4)]), weight(builder, 4)]);
    builder.output("before", sum);
    builder.output("after", builder.op("relu", [sum]));
    expect(await difference(builder.finish())).toBeLessThan(2e-6);
  });

  it("an op that TFLite lacks is named", () => {
    const graph = build((b) =>
      b.op("random_mask", [b.input("seed", tensor("i32", [2]))], { shape: [2], rate: 0.5, rescale: true }),
    );
    expect(() => tfliteOf(graph, new Map())).toThrow(UserError);
    expect(() => tfliteOf(graph, new Map())).toThrow(/op random_mask cannot be written/);
  });
});
