import { FormatError, UserError } from "../../base/errors.js";
import { featureShape, type FrontendDescription } from "../../frontend/frontend.js";
import type { Graph } from "../../graph/types.js";
import { buildModel, findModel, type ModelOptions, type ModelShape, zooModels } from "../../zoo/index.js";
import type { ImportedNetwork } from "../imported_network.js";
import type { ForeignLayer } from "./foreign_layer.js";
import { fits, matchLayers } from "./match.js";

/** What the user says about the file. */
export interface ImportRequest {
  /** Name of the zoo; where missing, the network is recognised by its weights. */
  readonly network?: string | undefined;
  readonly options?: ModelOptions | undefined;
  /** Front end that it was trained with; where missing, that of the network's publication. */
  readonly frontend?: FrontendDescription | undefined;
  /** Samples of a clip at 16 kHz; a second where missing. */
  readonly samples?: number | undefined;
}

const rate = 16_000;

/**
 * Puts the layers of a Keras file into a network of the zoo.
 * @param file name for errors
 * @throws FormatError where no network fits or several do, or naming the layers that do not fit the one given
 */
export function importKerasLayers(layers: readonly ForeignLayer[], file: string, request: ImportRequest): ImportedNetwork {
  if (layers.length === 0)
    throw new FormatError(
      file,
      "layers",
      "there is none with weights",
      "give a file with a model's weights as Keras writes them",
    );
  const labels = labelsOf(layers, file);
  const { network, options } =
    request.network === undefined
      ? recognise(layers, file, labels, request)
      : { network: request.network, options: request.options ?? {} };
  const shape = shapeFor(network, labels, request);
  const parameters = matchLayers(buildModel(network, options, shape), layers, file, network);
  return { network, options, shape, parameters };
}

/** How many labels: the width of the last layer. */
function labelsOf(layers: readonly ForeignLayer[], file: string): number {
  const last = layers.at(-1) as ForeignLayer;
  const width = last.weights.get("kernel")?.shape.at(-1);
  if (width !== undefined) return width;
  throw new FormatError(file, last.name, "the last layer has no kernel", "give a file with the weights of a whole network");
}

function shapeFor(network: string, labels: number, { frontend, samples }: ImportRequest): ModelShape {
  const { published } = findModel(network);
  if (frontend === undefined && samples === undefined) return { ...published.shape, labels };
  const sound = { samples: samples ?? published.samples ?? rate, rate };
  return { ...featureShape(frontend ?? published.frontend, sound), labels };
}

/** A network of the zoo with options. */
interface Candidate {
  readonly network: string;
  readonly options: ModelOptions;
}

/** Options in which published weights of one network differ. */
const variants: readonly ModelOptions[] = [
  {},
  { gamma: false },
  { bias: false },
  { gamma: false, bias: false },
  { bnScale: false },
];

function recognise(layers: readonly ForeignLayer[], file: string, labels: number, request: ImportRequest): Candidate {
  const found: Candidate[] = [];
  const candidates = [...zooModels.map(({ name }): Candidate => ({ network: name, options: {} })), ...bySizes(layers)];
  for (const { network, options } of candidates) {
    const variant = variants.find((more) => {
      const graph = build({ network, options: { ...options, ...more } }, labels, request);
      return graph !== undefined && fits(graph, layers);
    });
    if (variant) found.push({ network, options: { ...options, ...variant } });
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
      `its weights fit ${found.map(({ network }) => network).join(" and ")}`,
      "say with --network which it is: they differ in their front ends",
    );
  return first;
}

/** The graph, or undefined where network, options and shape do not go together. */
function build({ network, options }: Candidate, labels: number, request: ImportRequest): Graph | undefined {
  try {
    return buildModel(network, options, shapeFor(network, labels, request));
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Networks whose sizes are those of their weights: fully connected ones, and an LSTM. */
function bySizes(layers: readonly ForeignLayer[]): Candidate[] {
  const widths = layers.map(({ weights }) => weights.get("kernel")?.shape.at(-1) ?? 0).slice(0, -1);
  const plain = layers.every(({ weights }) => weights.get("kernel")?.shape.length === 2 && !weights.has("recurrent_kernel"));
  if (plain && widths.length > 0) return [{ network: "dnn", options: { modelSizeInfo: widths } }];
  const units = layers[0]?.weights.get("recurrent_kernel")?.shape[0] ?? 0;
  return layers.length === 2 && units > 0 ? [{ network: "basic_lstm", options: { modelSizeInfo: [units] } }] : [];
}
