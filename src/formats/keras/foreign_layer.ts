import type { ForeignTensor } from "../foreign_tensor.js";

/** A layer of a file of Keras, with the weights that it has by their roles: kernel, bias, gamma, moving_mean, ... */
export interface ForeignLayer {
  /** How the file calls it, for messages. */
  readonly name: string;
  /** Its class and number among the layers of that class, where Keras made up its name: conv2d_3 is the third behind conv2d. */
  readonly made?: { readonly kind: string; readonly number: number };
  readonly weights: ReadonlyMap<string, ForeignTensor>;
}

/** What Keras made up: "batch_normalization_12", "conv2d". */
export function madeName(name: string): ForeignLayer["made"] {
  const found = /^([a-z][a-z0-9_]*?)(?:_(\d+))?$/.exec(name);
  return found ? { kind: found[1] as string, number: Number(found[2] ?? 0) } : undefined;
}

/** "kernel" of "depthwise_conv2d/depthwise_kernel:0", "kernel" of "_kernel". */
export function roleOf(name: string): string {
  const last = name.slice(name.lastIndexOf("/") + 1);
  return last.replace(/:\d+$/, "").replace(/^_+/, "");
}
