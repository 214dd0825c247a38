import { poolOp } from "../integer_pool.js";

/** Mean of windows of integers. */
export const quantizedAveragePool = poolOp("average");
