import { sigmoidOp } from "../quantized_sigmoid.js";

/** 1 / (1 + e^-x) of integers. */
export const quantizedLogistic = sigmoidOp("logistic");
