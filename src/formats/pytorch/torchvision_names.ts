import type { Graph } from "../../graph/types.js";

/** A convolution with its batch norm, ours and torchvision's. */
export interface NamedLayer {
  /** Path of ours: `path.kernel` and `path.norm.*`. */
  readonly path: string;
  /** Module of the convolution. */
  readonly convolution: string;
  /** Module of the batch norm. */
  readonly norm: string;
}

/** Layers of a network in torchvision's order. */
export interface NamedNetwork {
  readonly layers: readonly NamedLayer[];
  /** Module of the last linear layer, which is our `classifier`. */
  readonly linear: string;
}

/**
 * Names of torchvision's quantizable networks for the layers of SpeechRec's.
 * @param architecture "speechrec/shufflenetv2", "speechrec/mobilenetv2" or "speechrec/resnet18"
 */
export function torchvisionNames(architecture: string, graph: Graph): NamedNetwork {
  const kernels = graph.parameters.flatMap(({ name }) => (/^(.+)\.kernel$/.exec(name) ?? []).slice(1));
  const paths = kernels.filter((path) => path !== "classifier");
  if (architecture === "speechrec/resnet18") return { layers: paths.map(resnetLayer), linear: "fc" };
  if (architecture === "speechrec/shufflenetv2") return { layers: paths.map(shufflenetLayer), linear: "fc" };
  const wide = new Set(paths.filter((path) => path.endsWith(".widen")).map((path) => path.slice(0, -".widen".length)));
  const last = new Set(paths.map((path) => path.split(".")[1])).size;
  return { layers: paths.map((path) => mobilenetLayer(path, wide, last)), linear: "classifier.1" };
}

const layer = (path: string, convolution: string, norm: string): NamedLayer => ({ path, convolution, norm });

/** Two neighbours of a Sequential. */
const pair = (path: string, module: string, index: number): NamedLayer =>
  layer(path, `${module}.${index}`, `${module}.${index + 1}`);

function resnetLayer(path: string): NamedLayer {
  const [kind, stage, block, part] = path.split(".");
  if (kind === "stem") return layer(path, "conv1", "bn1");
  const module = `layer${Number(stage) + 1}.${block}`;
  if (part === "projection") return pair(path, `${module}.downsample`, 0);
  const number = part === "first" ? 1 : 2;
  return layer(path, `${module}.conv${number}`, `${module}.bn${number}`);
}

/** Branch and place of each part of a unit. */
const shufflenetPlaces: Readonly<Record<string, readonly [branch: number, index: number]>> = {
  "pass.depthwise": [1, 0],
  "pass.pointwise": [1, 2],
  widen: [2, 0],
  depthwise: [2, 3],
  pointwise: [2, 5],
};

function shufflenetLayer(path: string): NamedLayer {
  const [kind, stage, unit, ...part] = path.split(".");
  if (kind !== "stages") return pair(path, kind === "stem" ? "conv1" : "conv5", 0);
  const [branch, index] = shufflenetPlaces[part.join(".")] as readonly [number, number];
  return pair(path, `stage${Number(stage) + 2}.${unit}.branch${branch}`, index);
}

/**
 * In torchvision's blocks all but the last convolution stand with their batch norm in a module of their own.
 * @param wide paths of the blocks that begin with a widening convolution
 * @param last number of the head among the features
 */
function mobilenetLayer(path: string, wide: ReadonlySet<string>, last: number): NamedLayer {
  const [kind, block, part] = path.split(".");
  if (kind === "stem") return pair(path, "features.0", 0);
  if (kind === "head") return pair(path, `features.${last}`, 0);
  const module = `features.${Number(block) + 1}.conv`;
  const before = wide.has(`blocks.${block}`) ? 1 : 0;
  if (part === "widen") return pair(path, `${module}.0`, 0);
  return part === "depthwise" ? pair(path, `${module}.${before}`, 0) : pair(path, module, before + 1);
}
