import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, type Initializer, tensor, type Value } from "../../graph/types.js";
import { type EdgemlKind, edgemlLayer } from "../blocks/edgeml_recurrent.js";
import { nonlinearities } from "../cells/nonlinearity.js";
import type { Architecture, ModelShape } from "../model.js";
import { flag, whole } from "../options.js";

/** Width of a layer; 0: that of the layer before. */
const width = v.optional(whole(0, 4096), 0);
/** Rank of a product; 0: full. */
const rank = v.optional(whole(0, 4096), 0);
const nonlinear = v.picklist(nonlinearities);

const schema = v.strictObject({
  /** Recurrent layers, 1 to 3. */
  numLayers: v.optional(whole(1, 3), 1),
  /** Units of the first layer; the others have those of the layer before, unless told. */
  hiddenUnits: v.optional(whole(1, 4096), 128),
  hiddenUnits1: width,
  hiddenUnits2: width,
  hiddenUnits3: width,
  /** Rank of the first layer's product with its input; 0: full. */
  wRank: rank,
  wRank1: rank,
  wRank2: rank,
  wRank3: rank,
  /** Rank of the first layer's product with its state; 0: full. */
  uRank: rank,
  uRank1: rank,
  uRank2: rank,
  uRank3: rank,
  gateNonlinearity: v.optional(nonlinear, "sigmoid"),
  updateNonlinearity: v.optional(nonlinear, "tanh"),
  /** The network begins with (x - mean) / deviation of each feature, both from the training clips. */
  normalize: v.optional(flag, false),
  /**
   * How the classifier begins: with PyTorch's Linear, as in train_classifier, or normally distributed with deviation 1, its biases too, as in
   * EdgeML's FastTrainer, with which the FastGRNN paper's networks were trained.
   */
  classifierStart: v.optional(v.picklist(["uniform", "normal"]), "uniform"),
  /** The recurrent states go on from one run to the next, as rolling training wants it. */
  stateful: v.optional(flag, false),
});

type Options = v.InferOutput<typeof schema>;

interface Layer {
  readonly units: number;
  readonly wRank: number;
  readonly uRank: number;
}

/** One entry a layer. In the original -hu1 to -hu3 and the uRank flags have no effect; here they do what they say. */
function layersOf(options: Options): Layer[] {
  const units = [options.hiddenUnits1 || options.hiddenUnits, options.hiddenUnits2, options.hiddenUnits3];
  const wRanks = [options.wRank1 || options.wRank, options.wRank2, options.wRank3];
  const uRanks = [options.uRank1 || options.uRank, options.uRank2, options.uRank3];
  const layers: Layer[] = [];
  for (let i = 0; i < options.numLayers; i++) {
    const before = layers.at(-1)?.units ?? 0;
    layers.push({ units: units[i] || before, wRank: wRanks[i] ?? 0, uRank: uRanks[i] ?? 0 });
  }
  return layers;
}

function requireRanks(name: string, layers: readonly Layer[], features: number): void {
  layers.forEach(({ units, wRank, uRank }, i) => {
    const inputs = i === 0 ? features : (layers[i - 1] as Layer).units;
    for (const [option, found, most] of [
      ["wRank", wRank, inputs],
      ["uRank", uRank, units],
    ] as const) {
      if (found <= most) continue;
      throw new UsageError(
        `${name}: ${option}${i + 1} is ${found}, and the matrix has but ${most} rows; give less, or 0 for full rank`,
      );
    }
  });
}

function build(name: string, kind: EdgemlKind, options: Options, { frames, features, labels }: ModelShape): Graph {
  const layers = layersOf(options);
  requireRanks(name, layers, features);
  const builder = new GraphBuilder(kind);
  let x: Value = builder.input("features", tensor("f32", [1, frames, features]));
  if (options.normalize) {
    const mean = builder.parameter("normalize.mean", [features], { kind: "zeros" }, "f32", false);
    const factor = builder.parameter("normalize.factor", [features], { kind: "ones" }, "f32", false);
    x = builder.op("mul", [builder.op("sub", [x, mean]), factor]);
  }
  for (const [i, { units, wRank, uRank }] of layers.entries()) {
    x = edgemlLayer(builder, `recurrent.${i}`, x, kind, {
      units,
      wRank,
      uRank,
      sequence: i < layers.length - 1,
      stateful: options.stateful,
      gate: options.gateNonlinearity,
      update: options.updateNonlinearity,
    });
  }
  builder.output("logits", classifier(builder, x, (layers.at(-1) as Layer).units, labels, options.classifierStart));
  return builder.finish();
}

function classifier(builder: GraphBuilder, x: Value, hidden: number, labels: number, start: Options["classifierStart"]): Value {
  // PyTorch's Linear: uniform in +-1 / sqrt(hidden), which is Glorot's for fans of 6 times hidden together.
  const uniform: Initializer = { kind: "glorot_uniform", fanIn: 3 * hidden, fanOut: 3 * hidden };
  const normal: Initializer = { kind: "normal", deviation: 1 };
  const [kernel, bias]: Initializer[] = start === "normal" ? [normal, normal] : [uniform, { kind: "zeros" }];
  const product = builder.op("dense", [x, builder.parameter("classifier.kernel", [hidden, labels], kernel)]);
  return builder.op("add", [product, builder.parameter("classifier.bias", [labels], bias)]);
}

/** A classifier of one of EdgeML's cells: one to three layers, the last time step, a linear layer. */
export function edgemlClassifier(kind: EdgemlKind, title: string, source: string): Architecture<typeof schema> {
  const name = `edgeml/${kind.replace("_", "")}`;
  return {
    name,
    family: "edgeml",
    documentation: `${title} over time, one to three layers, of full or low rank; the last output gives the scores. Options are the flags of EdgeML's train_classifier. ${source}`,
    schema,
    build: (options, shape) => build(name, kind, options, shape),
  };
}
