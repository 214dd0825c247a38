import { poolOp } from "../integer_pool.js";

/** Largest integer of windows. */
export const quantizedMaxPool = poolOp("max");
