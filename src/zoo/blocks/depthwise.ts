import type { GraphBuilder } from "../../graph/builder.js";
import type { Initializer, Value } from "../../graph/types.js";
import { channelsOf } from "./channels.js";
import { requireFit, type Window, windowAttributes } from "./window.js";

/**
 * Convolution of every channel by itself: [B, T, F, C] to [B, T', F', C]; parameters `path.kernel` [kt, kf, C, 1] and `path.bias` [C].
 * Glorot uniform with the fans of one channel unless told otherwise. (Keras and TensorFlow's slim count all channels as fan-in of each,
 * kws_streaming's svdf the filters as fan-out, so that a channel starts near zero, and before it is trained the signal all but vanishes
 * after a few layers. Recipes say so in their notes.)
 * @throws UsageError where the kernel does not fit
 */
export function depthwiseLayer(
  builder: GraphBuilder,
  path: string,
  x: Value,
  window: Window,
  bias = true,
  start?: Initializer,
): Value {
  requireFit(path, x, window);
  const [height, width] = window.kernel;
  const channels = channelsOf(x);
  const glorot = { kind: "glorot_uniform", fanIn: height * width, fanOut: height * width } as const;
  const kernel = builder.parameter(`${path}.kernel`, [height, width, channels, 1], start ?? glorot);
  const product = builder.op("depthwise_conv2d", [x, kernel], windowAttributes(window));
  return bias ? builder.op("add", [product, builder.parameter(`${path}.bias`, [channels], { kind: "zeros" })]) : product;
}
