import { type ForeignLayer, innerLayers, splitWeightName } from "../keras/foreign_layer.js";
import type { ForeignTensor } from "../foreign_tensor.js";
import type { Checkpoint } from "./checkpoint.js";

/**
 * "model/layer_with_weights-3" and "cell/kernel" of "model/layer_with_weights-3/cell/kernel/.ATTRIBUTES/VARIABLE_VALUE"; Keras 3 counts all
 * layers: "model/_operations/5".
 */
const weightKey = /^((?:.*\/)?(?:layer_with_weights-|_operations\/)\d+)\/(.+)\/\.ATTRIBUTES\/VARIABLE_VALUE$/;

type Weight = Parameters<typeof innerLayers>[0][number];

/**
 * The layers of a Keras model in a checkpoint, in the model's order: the keys that Keras gives, layer_with_weights-0 and so on. A layer
 * that holds others (kws_streaming's svdf, both directions of a recurrent layer) gives one for each.
 */
export function checkpointLayers({ tensors, names }: Checkpoint): ForeignLayer[] {
  const layers = new Map<string, Weight[]>();
  for (const [key, tensor] of tensors) {
    const [, layer, weight] = (key.includes(".OPTIMIZER_SLOT") ? undefined : weightKey.exec(key)) ?? [];
    if (layer === undefined || weight === undefined) continue;
    layers.set(layer, [...(layers.get(layer) ?? []), readWeight(layer, weight, tensor, names.get(key))]);
  }
  return [...layers]
    .map(([path, weights]) => ({ numbers: numbersIn(path), weights }))
    .toSorted((a, b) => compareNumbers(a.numbers, b.numbers))
    .flatMap(({ weights }) => innerLayers(weights.toSorted((a, b) => directionOf(a.owner) - directionOf(b.owner))));
}

/** @param fullName "conv2d_3/kernel", where the checkpoint has it */
function readWeight(layer: string, weight: string, tensor: ForeignTensor, fullName: string | undefined): Weight {
  // The owner's path begins with the layer's, so that a cell without a layer of its own belongs to it.
  const { owner, role } = splitWeightName(`${layer}/${weight}`);
  const named = splitWeightName(fullName ?? "").owner;
  return { owner, role, tensor, layerName: named.slice(named.lastIndexOf("/") + 1) };
}

function numbersIn(path: string): number[] {
  return [...path.matchAll(/(?:layer_with_weights-|_operations\/)(\d+)/g)].map(([, digits]) => Number(digits));
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Of both directions the one forward comes first. */
const directionOf = (path: string): number => (/\/backward/.test(path) ? 1 : 0);
