import * as v from "valibot";
import { pair, perLayer, units } from "../options.js";

/** Options that mobilenet and mobilenet_v2 share: the first convolution and the kernels of the depthwise ones. */
export const mobilenetEntries = {
  /** Filters of the first convolution. */
  cnn1Filters: v.optional(units, 32),
  /** (time, frequency) of the first kernel; there is one frequency, as features are channels. */
  cnn1KernelSize: v.optional(pair, [3, 1]),
  /** Stride of the first convolution. */
  cnn1Strides: v.optional(pair, [2, 2]),
  /** (time, frequency) of each depthwise kernel. */
  dsKernelSize: v.optional(perLayer(pair), [
    [3, 1],
    [3, 1],
    [3, 1],
    [3, 1],
  ]),
};
