import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/**
 * A recurrent layer from both ends of the clip, outputs side by side: [B, T, F] to [B, T, 2 units]; parameters under `path.forward` and
 * `path.backward` (Schuster and Paliwal 1997).
 * @param layer writes one direction, with all its outputs
 */
export function bidirectional(builder: GraphBuilder, path: string, layer: (path: string, reverse: boolean) => Value): Value {
  return builder.op("concat", [layer(`${path}.forward`, false), layer(`${path}.backward`, true)], { axis: -1 });
}
