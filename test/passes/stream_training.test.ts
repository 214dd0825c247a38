import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { StreamProgram } from "../../src/engine/stream_program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { streamGraph } from "../../src/passes/stream.js";
import { streamTrainingForm } from "../../src/passes/stream_training.js";
import { gruLayer } from "../../src/zoo/blocks/gru.js";
import { runGraph } from "./run_graph.js";

const zeros = { kind: "zeros" } as const;
const frames = 12;

function draws(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.between(-1, 1));
}

/** Two convolutions of one padding, and the mean of the map or a recurrent layer. */
function network(padding: string, isRecurrent: boolean): Graph {
  const builder = new GraphBuilder("small");
  let x = builder.op("reshape", [builder.input("features", tensor("f32", [1, frames, 3]))], { shape: [0, 0, 0, 1] });
  for (const [i, channels] of [1, 2].entries()) {
    const weight = builder.parameter(`l${i}.kernel`, [3, 2, channels, 2], zeros);
    x = builder.op("conv2d", [x, weight], { strides: [1, 1], dilations: [1, 1], padding });
    x = builder.op("tanh", [builder.op("add", [x, builder.parameter(`l${i}.bias`, [2], zeros)])]);
  }
  let end = builder.op("mean", [x], { axes: [1, 2], keep: false });
  if (isRecurrent) {
    const merged = builder.op("reshape", [x], { shape: [0, 0, -1] });
    end = gruLayer(builder, "gru", merged, { units: 4, sequence: false, stateful: false });
  }
  const head = builder.parameter("head", [end.type.shape[1] as number, 3], zeros);
  builder.output("logits", builder.op("dense", [end, head]));
  return builder.finish();
}

describe("the form for training for streams", () => {
  for (const padding of ["same", "causal", "valid"])
    for (const isRecurrent of [false, true])
      it(`${padding}${isRecurrent ? ", recurrent" : ""}: answers as the stream does among the same neighbours`, async () => {
        const graph = network(padding, isRecurrent);
        const parameters = new Map(graph.parameters.map((p, i) => [p.name, draws(sizeOf(p.value.type.shape), 40 + i)]));
        const form = streamTrainingForm(graph, 3);
        verifyGraph(form);
        const clips = draws(3 * frames * 3, 7);
        const answers = (await runGraph(form, { features: clips }, parameters)).get("logits") as Float32Array;

        const program = await StreamProgram.open(streamGraph(graph, { form: "context" }), parameters, { target: "oracle" });
        // Clip 1 comes after clip 0, at which the stream begins, and before clip 2.
        const result = program.feed(clips).find((r) => r.begin === frames);
        program.close();
        expect(result).toBeDefined();
        // The state that a recurrent layer takes over is that after the clip before: padding in the clip before that is another.
        const tolerance = isRecurrent && padding !== "valid" ? 0.05 : 1e-5;
        for (let i = 0; i < 3; i++) expect(Math.abs(answers[3 + i] - (result?.values[i] ?? NaN))).toBeLessThan(tolerance);
      });

  for (const padding of ["same", "causal"])
    it(`${padding}: clips without past and future are answered as the clip's graph answers them`, async () => {
      const graph = network(padding, false);
      const parameters = new Map(graph.parameters.map((p, i) => [p.name, draws(sizeOf(p.value.type.shape), 40 + i)]));
      const form = streamTrainingForm(graph, 3);
      const draw = form.nodes.filter((node) => node.op === "dropout");
      expect(draw).toHaveLength(padding === "same" ? 2 : 1);
      const nothing = { scale: 0, offset: 0 };
      const alone = {
        ...form,
        nodes: form.nodes.map((n) => (n.op === "dropout" ? { ...n, op: "affine", attributes: nothing } : n)),
      };
      verifyGraph(alone);
      const clips = draws(3 * frames * 3, 7);
      const answers = (await runGraph(alone, { features: clips }, parameters)).get("logits") as Float32Array;
      for (let clip = 0; clip < 3; clip++) {
        const features = clips.subarray(clip * frames * 3, (clip + 1) * frames * 3);
        const expected = (await runGraph(graph, { features }, parameters)).get("logits") as Float32Array;
        for (let i = 0; i < 3; i++) expect(answers[clip * 3 + i]).toBeCloseTo(expected[i], 5);
      }
    });

  it("zeros that no recurrent cell begins with, such as those before a part of the logits", async () => {
    const builder = new GraphBuilder("joined");
    const x = builder.input("features", tensor("f32", [1, frames, 3]));
    const best = builder.op("max", [builder.op("transpose", [x], { permutation: [1, 0, 2] })], { axes: [0], keep: false });
    // Of the map in time, whose length is not a clip's.
    const zero = builder.op("zeros", [x], { shape: [0, 2] });
    const head = builder.parameter("head", [3, 5], zeros);
    const sum = builder.op("add", [builder.op("dense", [best, head]), builder.op("concat", [zero, best], { axis: 1 })]);
    builder.output("logits", sum);
    const graph = builder.finish();
    const parameters = new Map([["head", draws(15, 3)]]);
    const clips = draws(3 * frames * 3, 7);
    const form = streamTrainingForm(graph, 3);
    const answers = (await runGraph(form, { features: clips }, parameters)).get("logits") as Float32Array;
    const features = clips.subarray(frames * 3, 2 * frames * 3);
    const expected = (await runGraph(graph, { features }, parameters)).get("logits") as Float32Array;
    expect([...answers.subarray(5, 10)]).toEqual([...expected]);
  });

  it("refuses graphs with states", () => {
    const builder = new GraphBuilder("stateful");
    const x = builder.input("features", tensor("f32", [1, frames, 4]));
    builder.output("logits", gruLayer(builder, "gru", x, { units: 3, sequence: false, stateful: true }));
    expect(() => streamTrainingForm(builder.finish(), 2)).toThrow(UserError);
  });
});
