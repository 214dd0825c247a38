/** Element-wise ops whose values are stored rather than computed again. */
export const costlyOps: ReadonlySet<string> = new Set(["exp", "log", "tanh", "sigmoid", "div", "sqrt"]);
