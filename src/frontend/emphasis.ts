import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/types.js";

/**
 * Frames of y[n] = x[n] - share * x[n - 1]: each is cut with the sample before it, so that it can be made by itself.
 * @param audio [B, samples]
 * @param zeros zeros that stand before the first sample; there is one before them
 * @returns [B, frames, length]
 */
export function emphasisedFrames(
  builder: GraphBuilder,
  audio: Value,
  { length, hop, zeros, share }: { length: number; hop: number; zeros: number; share: number },
): Value {
  const padded = builder.op("pad", [audio], { before: [0, zeros + 1], after: [0, 0] });
  const frames = builder.op("frame", [padded], { length: length + 1, hop });
  const part = (from: number, to: number): Value =>
    builder.op("slice", [frames], { begin: [0, 0, from], end: [0, 0, to], strides: [1, 1, 1] });
  return builder.op("sub", [part(1, 0), builder.op("affine", [part(0, -1)], { scale: share, offset: 0 })]);
}
