import { FormatError, UserError } from "../../base/errors.js";
import { featureShape } from "../../frontend/frontend.js";
import type { Graph } from "../../graph/types.js";
import { buildModel, findModel, type ModelOptions, type ModelShape, zooModels } from "../../zoo/index.js";
import type { KnownSound, PlacedWeights, RecognisedNetwork } from "../import/foreign_model.js";
import type { ForeignLayer } from "./foreign_layer.js";
import { fits, matchLayers } from "./match.js";

const defaultRate = 16_000;

/**
 * Weights of a Keras file, to be put into a network of the zoo.
 * @param file name for errors
 * @throws FormatError where there are none
 */
export function placedLayers(layers: readonly ForeignLayer[], file: string): PlacedWeights {
  if (layers.length === 0)
    throw new FormatError(
      file,
      "layers",
      "there is none with weights",
      "give a file with a model's weights as Keras writes them",
    );
  const labels = labelsOf(layers, file);
  return {
    labels,
    recognise: (sound) => recognise(layers, file, labels, sound),
    place: (graph, network) => matchLayers(graph, layers, file, network),
  };
}

/** How many labels: the width of the last layer. */
function labelsOf(layers: readonly ForeignLayer[], file: string): number {
  const last = layers.at(-1) as ForeignLayer;
  const width = last.weights.get("kernel")?.shape.at(-1);
  if (width !== undefined) return width;
  throw new FormatError(file, last.name, "the last layer has no kernel", "give a file with the weights of a whole network");
}

function shapeFor(network: string, labels: number, { frontend, samples, rate = defaultRate }: KnownSound): ModelShape {
  const { published } = findModel(network);
  const sound = { samples: samples ?? published.samples ?? rate, rate };
  return { ...featureShape(frontend ?? published.frontend, sound), labels };
}

/** A network of the zoo with options. */
type Candidate = Omit<RecognisedNetwork, "labels">;

/** Options in which published weights of one network differ. */
const variants: readonly ModelOptions[] = [
  {},
  { gamma: false },
  { bias: false },
  { gamma: false, bias: false },
  { bnScale: false },
];

function recognise(layers: readonly ForeignLayer[], file: string, labels: number, sound: KnownSound): RecognisedNetwork {
  const found: Candidate[] = [];
  const candidates = [...zooModels.map(({ name }): Candidate => ({ name, options: {} })), ...bySizes(layers)];
  for (const { name, options } of candidates) {
    const variant = variants.find((more) => {
      const graph = build({ name, options: { ...options, ...more } }, labels, sound);
      return graph !== undefined && fits(graph, layers);
    });
    if (variant) found.push({ name, options: { ...options, ...variant } });
  }
  const [first, ...others] = found;
  if (!first)
    throw new FormatError(
      file,
      "network",
      "its weights are those of no published network",
      "name it with --network and its sizes with --option",
    );
  if (others.length > 0 && others[0]?.options["modelSizeInfo"] === undefined)
    throw new FormatError(
      file,
      "network",
      `its weights fit ${found.map(({ name }) => name).join(" and ")}`,
      "say with --network which it is: they differ in their front ends",
    );
  return { ...first, labels };
}

/** The graph, or undefined where network, options and shape do not go together. */
function build({ name, options }: Candidate, labels: number, sound: KnownSound): Graph | undefined {
  try {
    return buildModel(name, options, shapeFor(name, labels, sound));
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Networks whose sizes are those of their weights: fully connected ones, and an LSTM. */
function bySizes(layers: readonly ForeignLayer[]): Candidate[] {
  const widths = layers.map(({ weights }) => weights.get("kernel")?.shape.at(-1) ?? 0).slice(0, -1);
  const plain = layers.every(({ weights }) => weights.get("kernel")?.shape.length === 2 && !weights.has("recurrent_kernel"));
  if (plain && widths.length > 0) return [{ name: "hello_edge/dnn", options: { modelSizeInfo: widths } }];
  const units = layers[0]?.weights.get("recurrent_kernel")?.shape[0] ?? 0;
  return layers.length === 2 && units > 0 ? [{ name: "hello_edge/basic_lstm", options: { modelSizeInfo: [units] } }] : [];
}
