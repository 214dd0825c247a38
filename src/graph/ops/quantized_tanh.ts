import { sigmoidOp } from "../quantized_sigmoid.js";

/** tanh of integers. */
export const quantizedTanh = sigmoidOp("tanh");
