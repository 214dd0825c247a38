/** What runs a model; `litert-builtin` is LiteRT with its own kernels for 8-bit operators, `litert` with XNNPACK's. */
export const runtimes = ["earshot", "litert", "litert-builtin"] as const;
export type Runtime = (typeof runtimes)[number];

/** Whether LiteRT is asked for. */
export function inLiteRt(runtime: Runtime | undefined): boolean {
  return runtime === "litert" || runtime === "litert-builtin";
}
