import type { LoopContext, Region } from "./lower.js";
import type { Graph, Node } from "./types.js";

const products = new Set(["dense", "conv2d", "conv2d_input_gradient", "conv2d_kernel_gradient"]);

const isProduct = ({ op, body }: Node): boolean => products.has(op === "product" ? body!.nodes[0]!.op : op);

/**
 * Element-wise loops in a body wait for what they read of a long sequence or batch, while products have time: lets the product before such a
 * loop ask for it, or, where none stands before, the body's last product for what the next turn reads.
 * @param sequences numbers of the body's inputs that are parts of something long
 * @param here where this turn finds such an input
 * @param next where the next turn does; absent where there is none
 */
export function readAhead(
  loop: LoopContext,
  body: Graph,
  sequences: readonly number[],
  here: (input: number) => Region,
  next?: (input: number) => Region,
): void {
  const regions = new Map<Node, Region[]>();
  const last = body.nodes.findLast(isProduct);
  for (const i of sequences) {
    const { value } = body.inputs[i]!;
    const reader = body.nodes.findIndex((n) => n.op === "fused" && n.inputs.includes(value));
    if (reader < 0) continue;
    const before = body.nodes.slice(0, reader).findLast(isProduct);
    const product = before ?? (next ? last : undefined);
    if (product) regions.set(product, [...(regions.get(product) ?? []), before ? here(i) : next!(i)]);
  }
  for (const [product, list] of regions) loop.next(product, list);
}
