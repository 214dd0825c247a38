import type { ForeignLayer } from "../keras/foreign_layer.js";
import { madeName, roleOf } from "../keras/foreign_layer.js";
import type { ForeignTensor } from "../foreign_tensor.js";
import type { Checkpoint } from "./checkpoint.js";

/** "model/layer_with_weights-3/cell/kernel/.ATTRIBUTES/VARIABLE_VALUE" */
const weightKey = /^(?:.*\/)?layer_with_weights-\d+\/.*[^/](?=\/\.ATTRIBUTES\/VARIABLE_VALUE$)/;

interface Found {
  readonly path: string;
  /** Numbers of the layers that it stands in, from the outermost. */
  readonly numbers: readonly number[];
  readonly weights: Map<string, ForeignTensor>;
  made?: ForeignLayer["made"];
}

/**
 * The layers of a Keras model in a checkpoint, in the model's order: the keys that Keras gives, layer_with_weights-0 and so on. A layer
 * that holds others (a wrapper for streams, both directions of a recurrent layer) gives one for each.
 */
export function checkpointLayers({ tensors, names }: Checkpoint): ForeignLayer[] {
  const layers = new Map<string, Found>();
  for (const [key, tensor] of tensors) {
    const path = key.includes(".OPTIMIZER_SLOT") ? undefined : weightKey.exec(key)?.[0];
    if (path === undefined) continue;
    // The projection of TensorFlow 1's LSTM is a kernel of its own, one level down.
    const role = roleOf(path);
    const owner = path.slice(0, path.lastIndexOf("/")).replace(/(?:\/(?:lstm_cell|cell))+$/, "");
    const layer = layers.get(owner) ?? { path: owner, numbers: numbersIn(owner), weights: new Map<string, ForeignTensor>() };
    layers.set(owner, layer);
    layer.weights.set(role, tensor);
    const parts = names.get(key)?.split("/") ?? [];
    layer.made ??= madeName(parts.at(-2) ?? "");
  }
  return [...layers.values()]
    .toSorted(
      (a, b) => compareNumbers(a.numbers, b.numbers) || directionOf(a.path) - directionOf(b.path) || (a.path < b.path ? -1 : 1),
    )
    .map(({ path, weights, made }) => ({ name: path, weights, ...(made ? { made } : {}) }));
}

function numbersIn(path: string): number[] {
  return [...path.matchAll(/layer_with_weights-(\d+)/g)].map(([, digits]) => Number(digits));
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
