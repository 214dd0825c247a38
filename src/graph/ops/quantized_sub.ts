import { sub } from "../../kernels/language.js";
import { sumOp } from "../quantized_sum.js";

/** a - b of integers. */
export const quantizedSub = sumOp("quantized_sub", sub);
