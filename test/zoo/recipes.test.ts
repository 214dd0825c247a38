import { readdirSync, readFileSync } from "node:fs";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { featureShape } from "../../src/frontend/frontend.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { learningRateAt } from "../../src/train/schedule.js";
import { buildModel, findModel, resolveOptions, zooModels } from "../../src/zoo/index.js";
import { publishedRecipe, publishedTraining, publishedTrainings, recipeNames } from "../../src/zoo/recipes/index.js";
import { publishedTrainingSchema } from "../../src/zoo/recipes/recipe.js";

const trainings = publishedTrainings();

describe.each(trainings)("recipe $name", ({ name, recipe: published, published: figures }) => {
  const recipe = parseRecipe({ ...published, data: [{ kind: "sounds", path: "data" }] }, name);
  const model = findModel(published.model.name).published;

  it("is, given data, a whole recipe", () => {
    const { steps, batch } = published;
    expect(recipe).toMatchObject({ model: published.model, steps, batch });
    const { schedule } = recipe;
    if (schedule.kind === "piecewise") expect(schedule.steps.reduce((a, b) => a + b)).toBe(recipe.steps);
    for (const step of [1, steps >> 1, steps]) expect(learningRateAt(schedule, step, steps)).toBeGreaterThan(0);
  });

  it("has the options and figures of its network, and the input that it was published with", () => {
    // A network that normalises its features takes what it needs from the training clips.
    const { normalize: _, ...options } = published.model.options;
    expect(resolveOptions(model.name, options)).toEqual(resolveOptions(model.name));
    if (!name.endsWith("_momentum") && !name.endsWith("_novograd")) {
      expect(figures).toEqual(model.published);
      expect(recipe).toMatchObject({ frontend: model.frontend, samples: model.samples ?? 16_000 });
    }
    const { frames, features } = featureShape(published.frontend, { samples: recipe.samples, rate: recipe.rate });
    expect({ frames, features }).toEqual({ frames: model.shape.frames, features: model.shape.features });
  });
});

describe("recipes", () => {
  it("rules are those of the framework that a training was published in", () => {
    for (const { name, recipe } of trainings) {
      const { optimizer, l2 = 0, l2Parameters } = recipe;
      if (optimizer?.kind === "adam") expect({ name, inside: optimizer.epsilonInside }).toEqual({ name, inside: true });
      // PyTorch's weight decay is about biases and norms, too.
      if (/^(fastcells|speechrec)_/.test(name)) expect({ name, l2Parameters }).toEqual({ name, l2Parameters: "all" });
      else if (l2 > 0)
        expect({ name, classifier: l2Parameters?.includes("classifier.kernel") }).toEqual({ name, classifier: false });
    }
  });

  it("the FastGRNN paper's rates, batches and passes are those of its section 4, on the clips of its table 1", () => {
    for (const [labels, clips] of [
      [12, 22_246],
      [30, 51_088],
    ] as const) {
      const pass = Math.ceil(clips / 100);
      for (const kind of ["lsq", "q"]) {
        const { recipe } = publishedTraining(`fastgrnn_paper_${kind}_${labels}`);
        expect(recipe).toMatchObject({
          batch: 100,
          steps: 300 * pass,
          optimizer: { kind: "sgd", nesterov: true },
          schedule: { kind: "piecewise", rates: [0.01, 0.001], steps: [200 * pass, 100 * pass] },
        });
        expect(recipe).not.toHaveProperty("l2");
        expect(recipe.model.options.classifierStart).toBe("normal");
      }
    }
  });

  it("that draw depthwise kernels otherwise than their originals say so", () => {
    for (const { name, notes, recipe } of trainings) {
      const graph = buildModel(recipe.model.name, {}, findModel(recipe.model.name).published.shape);
      const depthwise = new Set(graph.nodes.filter(({ op }) => op === "depthwise_conv2d").map(({ inputs }) => inputs[1]));
      const ours = graph.parameters.filter(({ value, initializer }) => {
        const { kind, fanIn, fanOut } = { fanIn: 0, fanOut: 0, ...initializer };
        return depthwise.has(value) && kind === "glorot_uniform" && fanIn === fanOut;
      });
      const told = notes.some((note) => note.startsWith("Depthwise kernels"));
      // SpeechRec's are PyTorch's, which draw them so.
      expect({ name, told }).toEqual({ name, told: ours.length > 0 && !name.startsWith("speechrec_") });
    }
  });

  it("MLPerf Tiny's trainings take every other word, and its passes are those of its sets", () => {
    const [kws, sww] = [publishedTraining("mlperf_tiny_kws").recipe, publishedTraining("mlperf_tiny_sww").recipe];
    // Speech Commands v0.02 by its lists: 30,769 training clips of the ten words, 1,710 of marvin, 84,843 in all. tfds cuts 668 silences.
    const clips = (wanted: number, percentage: number): number => Math.ceil((wanted * percentage) / 100);
    const pass = 30_769 + clips(30_769, kws.task.silencePercentage) + Math.min(clips(30_769, kws.task.unknownPercentage), 54_074);
    expect(pass).toBe(85_511);
    expect([kws.validateEvery, kws.steps]).toEqual([Math.ceil(pass / kws.batch), 36 * Math.ceil(pass / kws.batch)]);
    // The depthwise layers of Keras read no kernel_regularizer.
    expect(kws.l2Parameters).not.toContain("blocks.0.depthwise.kernel");
    // A fifth is the word and a tenth silence, so that all other clips are the rest.
    expect(sww.sampling.shares).toEqual({ marvin: 0.2, _silence_: 0.1, _unknown_: 0.7 });
    const others = 84_843 - 1_710;
    expect(clips(1_710, sww.task.unknownPercentage)).toBeGreaterThan(others);
    expect(sww.validateEvery).toBe(Math.ceil(Math.floor(others / 0.7) / sww.batch));
    expect(sww.steps).toBe(100 * sww.validateEvery);
  });

  it("SpeechRec's trainings take every other word of v0.01", () => {
    for (const name of ["resnet18", "mobilenetv2", "shufflenetv2"]) {
      const { unknownPercentage } = publishedTraining(`speechrec_${name}`).recipe.task;
      expect((18_538 * unknownPercentage) / 100).toBeGreaterThan(51_088 - 18_538);
    }
  });

  it("the page of 75k parameters has the drawing and the validation that its tool has where nothing is said", () => {
    for (const rule of ["momentum", "novograd"]) {
      const { recipe } = publishedTraining(`kws_streaming_ds_tc_resnet_35_${rule}`);
      expect(recipe).toMatchObject({ sampling: { order: "uniform" }, validateEvery: 400, batch: 128 });
    }
    expect(publishedTraining("kws_streaming_ds_tc_resnet_35_novograd").recipe.optimizer).toMatchObject({ epsilon: 1e-7 });
  });

  it("mixednet sees the frames of its 50 results in 1.5 seconds and those that its kernels drop", () => {
    const dropped = 5 - 1 + 3 * (4 + 10 + 14 + 22);
    expect(findModel("mixednet").published.shape.frames).toBe(1 + Math.floor((24_000 - 480) / 480) + dropped);
  });

  it("Hello Edge's ds_cnn moves its statistics as in 2017, and the 30k page's networks have no dropout", () => {
    for (const size of ["s", "m", "l"]) expect(publishedRecipe(`ds_cnn_${size}`).model.options).toMatchObject({ momentum: 0.96 });
    for (const name of ["inception", "inception_resnet", "mobilenet", "mobilenet_v2", "tc_resnet_30k"])
      expect(publishedRecipe(name).model.options).toMatchObject({ dropout: 0 });
  });

  it("every model of the zoo has one, and every file is one", () => {
    for (const { name } of zooModels) expect(publishedRecipe(name).model.name).toBe(name);
    const folder = new URL("../../src/zoo/recipes/", import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
    expect(recipeNames()).toHaveLength(files.length);
    expect(new Set(recipeNames()).size).toBe(files.length);
  });

  it("no recipe has the name of a network, which 'earshot train' takes too", () => {
    for (const name of recipeNames()) expect(() => findModel(name)).toThrow("there is no model");
  });

  it("names are taken with dashes too, and a misspelt one is answered with the nearest", () => {
    expect(publishedTraining("Hello-Edge-DS-CNN-S").recipe.model.name).toBe("ds_cnn_s");
    expect(() => publishedTraining("hello_edge_ds_cn_s")).toThrow(
      "there is no recipe 'hello_edge_ds_cn_s'; did you mean 'hello_edge_ds_cnn_s'?",
    );
  });

  it("the schema refuses what is missing or unknown", () => {
    const file = new URL("../../src/zoo/recipes/hello_edge/dnn_s.json", import.meta.url);
    const value = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const accepts = (changed: object): boolean => v.is(publishedTrainingSchema, { ...value, ...changed });
    expect(accepts({})).toBe(true);
    expect(accepts({ title: "" })).toBe(false);
    expect(accepts({ published: { accuracy: "84.6" } })).toBe(false);
    expect(accepts({ recipe: { steps: 5 } })).toBe(false);
    expect(accepts({ acuracy: 1 })).toBe(false);
  });
});
