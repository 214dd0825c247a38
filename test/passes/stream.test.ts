import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { StreamProgram } from "../../src/engine/stream_program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor, type Value } from "../../src/graph/types.js";
import { compareStream, openReference } from "../../src/measure/stream_check.js";
import { mixedBeginning, type StreamForm, streamGraph } from "../../src/passes/stream.js";
import { gruLayer } from "../../src/zoo/blocks/gru.js";

const zeros = { kind: "zeros" } as const;

function draws(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.between(-1, 1));
}

/** Values for all parameters, none of them zero, so that what comes from before the stream shows. */
function weightsOf(graph: Graph, seed: number): Map<string, Float32Array> {
  return new Map(graph.parameters.map((p, i) => [p.name, draws(sizeOf(p.value.type.shape), 1000 * seed + i)]));
}

interface Drawn {
  readonly graph: Graph;
  readonly isRecurrent: boolean;
}

/** A small network of convolutions in time and frequency, with an end that needs the whole clip. */
function drawNetwork(seed: number): Drawn {
  const random = new RandomStream(77, seed);
  const pick = <T>(list: readonly T[]): T => list[Math.min(list.length - 1, Math.floor(random.between(0, list.length)))] as T;
  const builder = new GraphBuilder(`drawn_${seed}`);
  const frames = 26 + Math.floor(random.between(0, 9));
  let x: Value = builder.op("reshape", [builder.input("features", tensor("f32", [1, frames, 4]))], { shape: [0, 0, 0, 1] });
  const layers = 1 + Math.floor(random.between(0, 3));
  let strided = 1;
  for (let i = 0; i < layers; i++) {
    const channels = x.type.shape[3] as number;
    const stride = strided < 4 ? pick([1, 1, 2, 3]) : 1;
    strided *= stride;
    const kernel = [pick([1, 2, 3, 4]), pick([1, 2, 3])];
    const attributes = {
      strides: [stride, pick([1, 1, 2])],
      dilations: [stride === 1 ? pick([1, 1, 2]) : 1, 1],
      padding: (x.type.shape[2] as number) < 3 ? "same" : pick(["same", "valid", "causal"]),
    };
    const depthwise = random.between(0, 1) < 0.4;
    const filters = depthwise ? channels : 3;
    const weight = builder.parameter(`l${i}.kernel`, [...kernel, channels, depthwise ? 1 : filters] as number[], zeros);
    const before = x;
    x = builder.op(depthwise ? "depthwise_conv2d" : "conv2d", [x, weight], attributes);
    x = builder.op("tanh", [builder.op("add", [x, builder.parameter(`l${i}.bias`, [filters], zeros)])]);
    // A branch without delay beside one that may have one.
    if (x.type.shape.join() === before.type.shape.join()) x = builder.op("add", [x, before]);
  }
  const end = pick(["flatten", "mean", "max", "gru", "gru sequence"]);
  if (end.startsWith("gru")) {
    const merged = builder.op("reshape", [x], { shape: [0, 0, -1] });
    x = gruLayer(builder, "gru", merged, { units: 5, sequence: end !== "gru", stateful: false });
  }
  if (end === "mean" || end === "max") x = builder.op(end, [x], { axes: [1, 2], keep: false });
  else if (end !== "gru") x = builder.op("reshape", [x], { shape: [1, -1] });
  const width = x.type.shape[1] as number;
  builder.output("logits", builder.op("dense", [x, builder.parameter("head", [width, 3], zeros)]));
  return { graph: builder.finish(), isRecurrent: end.startsWith("gru") };
}

/** Largest difference of a stream from what it must give, in two runs that must be the same. */
async function worst(graph: Graph, form: StreamForm, chunk: number | undefined, seed: number): Promise<number> {
  const parameters = weightsOf(graph, seed);
  const [, frames, width] = graph.inputs[0].value.type.shape as [number, number, number];
  const recording = draws((frames + 40) * width, seed + 5);
  const drawn = streamGraph(graph, { form, ...(chunk === undefined ? {} : { chunk }) });
  // Where steps of several frames mix the stream's beginning with what came before, a step is one frame.
  const streaming = drawn.startsCleanly ? drawn : streamGraph(graph, { form, chunk: 1 });
  const program = await StreamProgram.open(streaming, parameters, { target: "oracle" });
  const reference = await openReference(form, graph, parameters, recording, "oracle");
  const compare = (): number => {
    const results = program.feed(recording);
    const { results: compared, largest } = compareStream(results, reference, (row) => row);
    expect(compared).toBeGreaterThan(2);
    return largest;
  };
  const first = compare();
  program.reset();
  const second = compare();
  program.close();
  reference.close();
  expect(second).toBe(first);
  return first;
}

/** Attention to the middle frame of a clip: a slice whose ends are counted from the clip's beginning. */
function middleNetwork(): Graph {
  const builder = new GraphBuilder("middle");
  const x = builder.input("features", tensor("f32", [1, 9, 4]));
  const hidden = builder.op("tanh", [builder.op("dense", [x, builder.parameter("hidden", [4, 4], zeros)])]);
  const middle = builder.op("slice", [hidden], { begin: [0, 4, 0], end: [1, 5, 4], strides: [1, 1, 1] });
  const seen = builder.op("add", [builder.op("mean", [hidden], { axes: [1], keep: true }), middle]);
  const row = builder.op("reshape", [seen], { shape: [1, 4] });
  builder.output("logits", builder.op("dense", [row, builder.parameter("head", [4, 3], zeros)]));
  return builder.finish();
}

describe("a clip's middle frame", () => {
  it("is the middle of the last clip's length in a stream, too", async () => {
    for (const form of ["context", "window"] as const)
      expect(await worst(middleNetwork(), form, undefined, 3)).toBeLessThan(1e-5);
  });
});

describe("a beginning that steps of several frames mix", () => {
  /** Two padded convolutions over time, a recurrent layer in front of them or behind. */
  const network = (place: "front" | "behind"): Graph => {
    const builder = new GraphBuilder(place);
    const recurrent = (x: Value): Value => gruLayer(builder, "gru", x, { units: 4, sequence: true, stateful: false });
    let x: Value = builder.input("features", tensor("f32", [1, 12, 4]));
    if (place === "front") x = recurrent(x);
    x = builder.op("reshape", [x], { shape: [0, 0, 1, 4] });
    for (const name of ["first", "second"]) {
      const kernel = builder.parameter(name, [3, 1, 4, 4], zeros);
      x = builder.op("conv2d", [x, kernel], { strides: [1, 1], dilations: [1, 1], padding: "same" });
    }
    x = builder.op("reshape", [x], { shape: [0, 0, 4] });
    if (place === "behind") x = recurrent(x);
    builder.output("logits", builder.op("mean", [x], { axes: [1], keep: false }));
    return builder.finish();
  };

  it("is over once no result hears it, but stays in the state of a scan behind", () => {
    for (const place of ["front", "behind"] as const) {
      const graph = network(place);
      expect(mixedBeginning(graph, streamGraph(graph, { form: "context", chunk: 1 }))).toBe(0);
      const streaming = streamGraph(graph, { form: "context", chunk: 3 });
      expect(streaming.startsCleanly).toBe(false);
      // Three frames of a step, twelve of the clip, two on either side.
      expect(mixedBeginning(graph, streaming)).toBe(place === "front" ? 19 : undefined);
    }
  });
});

describe("streaming graphs of drawn networks", () => {
  for (let seed = 0; seed < 24; seed++)
    it(`network ${seed}`, async () => {
      const { graph } = drawNetwork(seed);
      expect(await worst(graph, "context", undefined, seed)).toBeLessThan(1e-5);
      expect(await worst(graph, "window", undefined, seed)).toBeLessThan(1e-5);
    });

  for (let seed = 100; seed < 112; seed++)
    it(`network ${seed}, steps of one and of several hops`, async () => {
      const { graph } = drawNetwork(seed);
      expect(await worst(graph, "context", 1, seed)).toBeLessThan(1e-5);
      expect(await worst(graph, "window", 5, seed)).toBeLessThan(1e-5);
    });
});
