import { multiplyAccumulatesOf } from "../graph/count.js";
import type { Node, TensorType } from "../graph/types.js";
import type { Kernel } from "../kernels/language.js";
import type { KernelLabel } from "../kernels/program.js";

/** What a profile says of a kernel: the node that it was first made for. */
export function labelOf(kernel: Kernel, node: Node | undefined): KernelLabel {
  if (!node) return { op: kernel.name, shapes: "", multiplyAccumulates: 0 };
  const inputs = node.inputs.map((v) => v.type);
  const outputs = node.outputs.map((v) => v.type);
  const multiplies = kernel.name === "contraction" || kernel.name.startsWith("depthwise");
  const list = (types: readonly TensorType[]): string => types.map((t) => `[${t.shape.join(",")}]`).join(" ");
  return {
    op:
      node.op === "product"
        ? node.body!.nodes.map((n) => n.op).join("+")
        : node.op === "fused"
          ? `fused ${node.body!.nodes.map((n) => n.op).join("+")}`
          : node.op,
    shapes: `${list(inputs)} -> ${list(outputs)}`,
    multiplyAccumulates: multiplies ? multiplyAccumulatesOf(node) : 0,
  };
}
