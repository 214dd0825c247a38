import type { ForeignTensor } from "../foreign_tensor.js";

/** A layer of a file of Keras, with the weights that it has by their roles: kernel, bias, gamma, moving_mean, ... */
export interface ForeignLayer {
  /** How the file calls it, for messages. */
  readonly name: string;
  /** Its class and number among the layers of that class, where Keras made up its name: conv2d_3 is the third behind conv2d. */
  readonly made?: { readonly kind: string; readonly number: number } | undefined;
  /** Whether it stands in a layer with others: the numbers of its name begin anew there. */
  readonly inner?: boolean;
  readonly weights: ReadonlyMap<string, ForeignTensor>;
}

/** What Keras made up: "batch_normalization_12", "conv2d". */
export function madeName(name: string): ForeignLayer["made"] {
  const found = /^([a-z][a-z0-9_]*?)(?:_(\d+))?$/.exec(name);
  return found ? { kind: found[1] as string, number: Number(found[2] ?? 0) } : undefined;
}

/**
 * Divides a weight's name into its layer and its role there: "depthwise_conv2d/depthwise_kernel:0", "gru/gru_cell_1/kernel:0", "lstm/cell/_kernel".
 * A cell counts as its layer, and the kernel of a projection as its owner's.
 */
export function splitWeightName(name: string): { owner: string; role: string } {
  const parts = name.replaceAll(".S", "/").replace(/:\d+$/, "").split("/");
  let role = (parts.pop() ?? "").replace(/^_+/, "");
  if (role === "kernel" && parts.at(-1) === "projection" && parts.length > 1) {
    parts.pop();
    role = "proj_kernel";
  }
  while (parts.length > 1 && /^(?:[a-z0-9_]*_)?cell(?:_\d+)?$/.test(parts.at(-1) as string)) parts.pop();
  return { owner: parts.join("/"), role };
}

interface Weight {
  readonly owner: string;
  readonly role: string;
  readonly tensor: ForeignTensor;
  /** Name that Keras may have made up for the owner. */
  readonly layerName: string | undefined;
}

/** The layers that the weights of one layer of the model belong to: itself, or those in it. */
export function innerLayers(weights: readonly Weight[]): ForeignLayer[] {
  const owners = new Map<string, Weight[]>();
  for (const weight of weights) owners.set(weight.owner, [...(owners.get(weight.owner) ?? []), weight]);
  const inner = owners.size > 1;
  return [...owners].map(([name, own]) => ({
    name,
    weights: depthwiseNamed(name, new Map(own.map(({ role, tensor }) => [role, tensor]))),
    made: inner ? undefined : madeName(own[0]?.layerName ?? ""),
    inner,
  }));
}

/** Keras 3 calls the kernel of a depthwise convolution, [h, w, C, 1], kernel as any other; Keras 2 depthwise_kernel. */
function depthwiseNamed(layer: string, weights: Map<string, ForeignTensor>): Map<string, ForeignTensor> {
  const kernel = weights.get("kernel");
  const [, , channels = 0, multiplier] = kernel?.shape.length === 4 ? kernel.shape : [];
  const isDepthwise =
    multiplier === 1 && (/depthwise/i.test(layer) || (channels > 1 && weights.get("bias")?.shape[0] === channels));
  if (!kernel || !isDepthwise) return weights;
  weights.delete("kernel");
  return weights.set("depthwise_kernel", kernel);
}
