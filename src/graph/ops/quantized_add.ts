import { add } from "../../kernels/language.js";
import { sumOp } from "../quantized_sum.js";

/** a + b of integers. */
export const quantizedAdd = sumOp("quantized_add", add);
