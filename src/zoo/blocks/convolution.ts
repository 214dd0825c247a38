import type { GraphBuilder } from "../../graph/builder.js";
import type { Initializer, Value } from "../../graph/types.js";
import { channelsOf } from "./channels.js";
import { requireFit, type Window, windowAttributes } from "./window.js";

/**
 * Convolution over time and frequency: [B, T, F, C] to [B, T', F', filters]; parameters `path.kernel` [kt, kf, C, filters] and
 * `path.bias` [filters]. Kernel Glorot uniform unless told otherwise, bias zeros (Keras).
 * @throws UsageError where the kernel does not fit
 */
export function convolutionLayer(
  builder: GraphBuilder,
  path: string,
  x: Value,
  filters: number,
  window: Window,
  bias = true,
  start?: Initializer,
): Value {
  requireFit(path, x, window);
  const [height, width] = window.kernel;
  const channels = channelsOf(x);
  const glorot = { kind: "glorot_uniform", fanIn: height * width * channels, fanOut: height * width * filters } as const;
  const kernel = builder.parameter(`${path}.kernel`, [height, width, channels, filters], start ?? glorot);
  const product = builder.op("conv2d", [x, kernel], windowAttributes(window));
  return bias ? builder.op("add", [product, builder.parameter(`${path}.bias`, [filters], { kind: "zeros" })]) : product;
}
