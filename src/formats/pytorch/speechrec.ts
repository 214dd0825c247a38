import { type Graph, sizeOf } from "../../graph/types.js";
import type { ModelOptions } from "../../zoo/model.js";
import type { RecognisedNetwork, WeightMap } from "../import/foreign_model.js";
import type { ForeignTensors, WeightRow } from "../import/weights.js";
import type { Model } from "../model.js";
import type { StateDict } from "./read.js";
import { torchvisionNames } from "./torchvision_names.js";

const architectures = ["speechrec/shufflenetv2", "speechrec/mobilenetv2", "speechrec/resnet18"] as const;

/** A parameter of ours and its tensor in a state dict. */
interface Twin {
  readonly parameter: string;
  readonly name: string;
  /** Shape there. */
  readonly shape: readonly number[];
  /** Axis of ours for each axis there; the spectrogram is turned, so that the axes of kernels are too. */
  readonly axes: readonly number[];
}

/**
 * Kernels [time, frequency, channel, filter] are [filter, channel, frequency, time] there: SpeechRec's pictures have the bands as rows. A
 * depthwise kernel [time, frequency, channel, 1] is [channel, 1, frequency, time].
 */
const convolutionAxes = [3, 2, 1, 0];
const depthwiseAxes = [2, 3, 1, 0];

/** Batch norm's fields there and here. */
const normFields = [
  ["weight", "gamma"],
  ["bias", "beta"],
  ["running_mean", "mean"],
  ["running_var", "variance"],
] as const;

function twinsOf(architecture: string, graph: Graph): Twin[] {
  const shapes = new Map(graph.parameters.map(({ name, value }) => [name, value.type.shape]));
  const twin = (parameter: string, name: string, axes: readonly number[]): Twin => {
    const shape = shapes.get(parameter) as readonly number[];
    return { parameter, name, shape: axes.map((axis) => shape[axis] as number), axes };
  };
  const { layers, linear } = torchvisionNames(architecture, graph);
  const depthwise = depthwiseKernels(graph);
  return [
    ...layers.flatMap(({ path, convolution, norm }) => [
      twin(`${path}.kernel`, `${convolution}.weight`, depthwise.has(`${path}.kernel`) ? depthwiseAxes : convolutionAxes),
      ...normFields.map(([there, here]) => twin(`${path}.norm.${here}`, `${norm}.${there}`, [0])),
    ]),
    twin("classifier.kernel", `${linear}.weight`, [1, 0]),
    twin("classifier.bias", `${linear}.bias`, [0]),
  ];
}

function depthwiseKernels(graph: Graph): Set<string> {
  const kernels = new Set(graph.nodes.filter(({ op }) => op.startsWith("depthwise")).map(({ inputs }) => inputs[1]));
  return new Set(graph.parameters.filter(({ value }) => kernels.has(value)).map(({ name }) => name));
}

/** Values with their axes in another order: result axis i is axis axes[i] of what is given. */
function permuted(values: ArrayLike<number>, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const steps = axes.map((axis) => strides[axis] as number);
  const lengths = axes.map((axis) => shape[axis] as number);
  const out = new Float32Array(values.length);
  const place = lengths.map(() => 0);
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = values[at] as number;
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      at += steps[axis] as number;
      if (++(place[axis] as number) < (lengths[axis] as number)) break;
      at -= (lengths[axis] as number) * (steps[axis] as number);
      place[axis] = 0;
    }
  }
  return out;
}

const inverse = (axes: readonly number[]): number[] => axes.map((_, axis) => axes.indexOf(axis));

function rows(architecture: string, graph: Graph): WeightRow[] {
  return twinsOf(architecture, graph).map(({ parameter, name, shape, axes }) => ({
    parameter,
    sources: [{ name, shape }],
    convert: ([values]) => permuted(values as Float32Array, shape, inverse(axes)),
  }));
}

/** The network whose entry of this name stands in the file, with the labels of its last layer. */
const marks: readonly (readonly [architecture: string, entry: string, linear: string])[] = [
  ["speechrec/shufflenetv2", "stage2.0.branch2.0.weight", "fc.weight"],
  ["speechrec/mobilenetv2", "features.0.0.weight", "classifier.1.weight"],
  ["speechrec/resnet18", "layer1.0.conv1.weight", "fc.weight"],
];

function recognise(tensors: ForeignTensors): RecognisedNetwork | undefined {
  const mark = marks.find(([, entry]) => tensors.has(entry));
  const labels = tensors.get(mark?.[2] ?? "")?.shape[0];
  if (mark === undefined || labels === undefined) return undefined;
  const [name] = mark;
  if (name === "speechrec/resnet18") return { name, options: resnetSizes(tensors), labels };
  return { name, options: name === "speechrec/shufflenetv2" ? shufflenetSizes(tensors) : {}, labels };
}

/** Filters of a convolution; 0 where there is none of this name. */
const filters = (tensors: ForeignTensors, name: string): number => tensors.get(name)?.shape[0] ?? 0;

/** How many entries there are of a name that counts from a number up. */
function countFrom(first: number, tensors: ForeignTensors, entry: (i: number) => string): number {
  let i = first;
  while (tensors.has(entry(i))) i++;
  return i - first;
}

function shufflenetSizes(tensors: ForeignTensors): ModelOptions {
  const stages = countFrom(2, tensors, (stage) => `stage${stage}.0.branch2.0.weight`);
  const numbers = Array.from({ length: stages }, (_, i) => i + 2);
  const repeats = numbers.map((stage) => countFrom(0, tensors, (unit) => `stage${stage}.${unit}.branch2.0.weight`));
  const widths = numbers.map((stage) => 2 * filters(tensors, `stage${stage}.0.branch2.0.weight`));
  return { channels: [filters(tensors, "conv1.0.weight"), ...widths, filters(tensors, "conv5.0.weight")], repeats };
}

function resnetSizes(tensors: ForeignTensors): ModelOptions {
  const stages = countFrom(1, tensors, (stage) => `layer${stage}.0.conv1.weight`);
  const channels = Array.from({ length: stages }, (_, i) => filters(tensors, `layer${i + 1}.0.conv1.weight`));
  return { channels, blocks: countFrom(0, tensors, (block) => `layer1.${block}.conv1.weight`) };
}

/** SpeechRec's networks in state dicts with torchvision's names. */
export const speechrecMap: WeightMap = {
  format: "pytorch",
  architectures,
  recognise,
  rows,
  ignored: (name) => name.endsWith(".num_batches_tracked"),
};

/** The state dict of a network with torchvision's names, entries in its order. */
export function speechrecStateDict(
  architecture: string,
  { graph, parameters, training }: Pick<Model, "graph" | "parameters" | "training">,
): StateDict {
  // Training batches that the moving statistics have seen.
  const batches = typeof training["steps"] === "number" ? training["steps"] : 0;
  const shapes = new Map(graph.parameters.map(({ name, value }) => [name, value.type.shape]));
  const dict: StateDict = new Map();
  for (const { parameter, name, shape, axes } of twinsOf(architecture, graph)) {
    const values = parameters.get(parameter) as Float32Array;
    dict.set(name, { type: "F32", shape, data: permuted(values, shapes.get(parameter) as readonly number[], axes) });
    if (!name.endsWith(".running_var")) continue;
    const counter = name.replace(/running_var$/, "num_batches_tracked");
    dict.set(counter, { type: "I64", shape: [], data: BigInt64Array.of(BigInt(batches)) });
  }
  return dict;
}
