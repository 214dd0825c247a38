import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { retype } from "../../src/graph/retype.js";
import { tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { buildModel, zooModels } from "../../src/zoo/index.js";

describe("other shapes", () => {
  for (const { name, shape } of zooModels)
    it(`${name} for a batch of 7, and back`, () => {
      const graph = buildModel(name, {}, shape);
      const batch = retype(graph, { inputs: { features: [7, shape.frames, shape.features] } });
      verifyGraph(batch);
      expect(batch.outputs[0].value.type.shape).toEqual([7, shape.labels]);
      const back = retype(batch, { inputs: { features: [1, shape.frames, shape.features] } });
      expect(back).toEqual(graph);
    });

  it("ds_cnn takes a longer clip: it pools over time", () => {
    const { shape } = zooModels.find((m) => m.name === "ds_cnn_s") as (typeof zooModels)[number];
    const graph = buildModel("ds_cnn_s", {}, shape);
    const longer = retype(graph, { inputs: { features: [1, 99, shape.features] } });
    verifyGraph(longer);
    expect(longer.outputs[0].value.type.shape).toEqual([1, 12]);
  });

  it("dnn cannot, and names the weight", () => {
    const { shape } = zooModels.find((m) => m.name === "dnn_s") as (typeof zooModels)[number];
    const graph = buildModel("dnn_s", {}, shape);
    const act = () => retype(graph, { inputs: { features: [1, shape.frames + 1, shape.features] } });
    const first = graph.parameters[0];
    expect(act).toThrow(UserError);
    expect(act).toThrow(`parameter ${first.name} f32[${first.value.type.shape}]`);
  });

  it("names the parameter downstream where a reshape fails first", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", tensor("f32", [1, 4, 2]));
    const flat = builder.op("reshape", [x], { shape: [1, 8] });
    builder.output(
      "y",
      builder.op("dense", [builder.op("relu", [flat]), builder.parameter("fc.kernel", [8, 3], { kind: "zeros" })]),
    );
    expect(() => retype(builder.finish(), { inputs: { x: [1, 5, 2] } })).toThrow(/reshape.*parameter fc\.kernel f32\[8,3\]/s);
  });

  it("states follow the batch, or say that they do not fit", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", tensor("f32", [1, 3]));
    const state = builder.state("s", tensor("f32", [1, 3]));
    const sum = builder.op("add", [x, state]);
    builder.setState(state, sum);
    builder.output("y", sum);
    const graph = builder.finish();
    expect(retype(graph, { inputs: { x: [5, 3] } }).states[0].input.type.shape).toEqual([5, 3]);
    expect(() => retype(graph, { inputs: { x: [5, 3] }, states: { s: [1, 3] } })).toThrow(
      /state s is f32\[1,3\] and would become f32\[5,3\]/,
    );
    expect(() => retype(graph, { inputs: { z: [5, 3] } })).toThrow(/has no input z/);
  });
});
