import { depthwiseKernel, type DepthwiseShape } from "../kernels/depthwise.js";
import type { LowerContext, Region } from "./lower.js";

/** A depthwise convolution of x with w, whose taps are read backwards where `flip`, and what stands behind it. */
export function depthwise(context: LowerContext, shape: DepthwiseShape, flip: boolean, x: Region, w: Region): void {
  const { epilogue, lanes, outputs } = context;
  const behind = epilogue ? ` ${epilogue.key} ${epilogue.operands.join(" ")}` : "";
  const written = epilogue ? [...epilogue.operandRegions, ...epilogue.results] : [outputs[0]!];
  const key = `depthwise ${flip ? "turned " : ""}${JSON.stringify(shape)}${behind}`;
  context.call(key, () => depthwiseKernel(shape, flip, lanes, epilogue), [x, w, ...written]);
}
