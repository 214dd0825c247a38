import type { LowerContext } from "../graph/lower.js";
import type { Node } from "../graph/types.js";

/** What a target offers to kernels. */
export interface TargetWidth {
  readonly lanes: number;
  readonly registers: number;
  /** Whether the program has one thread, so that nothing is to be shared out; changes no bit. */
  readonly alone?: boolean;
  /** Bytes to whose multiples tensors are rounded; a cache line unless told. */
  readonly alignment?: number;
  readonly library?: TargetLibrary;
}

/** What a target has instead of some ops' own kernels. With one, memory is taken only from a tensor's first use on. */
export interface TargetLibrary {
  /** The node's result where it is known now: it becomes a constant and is not computed. */
  constantOf(node: Node): Float32Array | Int32Array | undefined;
  /** Which input's memory the result may be written over, where this is that input's last use. */
  inPlace(node: Node): number | undefined;
  /** Lowers the node and says so, or leaves it to the op. */
  lower(node: Node, context: LowerContext): boolean;
}
