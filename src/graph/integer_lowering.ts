import { fillKernel } from "../kernels/fill.js";
import type { Multiplier } from "../kernels/fixed_point.js";
import { type IntegerProduct, integerProductKernel } from "../kernels/integer_product.js";
import type { KernelBuilder } from "../kernels/kernel_builder.js";
import { type Expression } from "../kernels/language.js";
import { mapKernel } from "../kernels/map.js";
import { type Geometry, geometryOf } from "./convolution.js";
import type { LowerContext, Region } from "./lower.js";
import { copyStrided } from "./lowering.js";
import { clampOf, productMultipliers, scaleOf, weightScales } from "./quantized.js";
import { broadcastStrides, stridesOf } from "./shapes.js";
import { sizeOf } from "./types.js";

/** Sets every element of a region. */
export function fillWith(context: LowerContext, region: Region, value: number): void {
  const { dtype, shape } = region.type;
  const size = sizeOf(shape);
  context.call(`fill ${dtype} ${size} ${value}`, () => fillKernel(dtype, size, value, context.lanes), [region]);
}

/** The map with its padding, as a region of its own where there is any; padding has the value zero, which is the zero point. */
export function paddedIntegerMap(
  context: LowerContext,
  g: Geometry,
  x: Region,
  zeroPoint: number,
): { region: Region; size: readonly [number, number] } {
  const channels = x.type.shape[3] as number;
  const size: [number, number] = [g.input[0] + g.before[0] + g.after[0], g.input[1] + g.before[1] + g.after[1]];
  if (size[0] === g.input[0] && size[1] === g.input[1]) return { region: x, size };
  const shape = [g.batch, ...size, channels];
  const region = context.workspace(x.type.dtype, sizeOf(shape));
  fillWith(context, region, zeroPoint);
  const strides = stridesOf(shape);
  const offset = g.before[0] * strides[1]! + g.before[1] * strides[2]!;
  copyStrided(context, x.type.shape, x, { strides: stridesOf(x.type.shape), offset: 0 }, region, { strides, offset });
  return { region, size };
}

/** Calls the integer product of kernels/integer_product.ts. */
export function integerProduct(
  context: LowerContext,
  spec: Omit<IntegerProduct, "shiftsLeft">,
  multipliers: readonly Multiplier[],
  x: Region,
): void {
  const [, w, bias] = context.inputs;
  const whole: IntegerProduct = { ...spec, shiftsLeft: multipliers.some((m) => m.shift > 0) };
  const list = (of: (m: Multiplier) => number): Region => context.constant(Int32Array.from(multipliers, of));
  context.call(`integer product ${JSON.stringify(whole)}`, () => integerProductKernel(whole, context.lanes), [
    x,
    w!,
    bias ?? context.constant(new Int32Array(spec.columns)),
    list((m) => m.multiplier),
    list((m) => Math.max(m.shift, 0)),
    list((m) => Math.max(-m.shift, 0)),
    context.outputs[0]!,
  ]);
}

/** What every integer convolution is lowered to: places of the output and taps of the kernel. */
export function integerConvolution(context: LowerContext, kind: "full" | "depthwise"): void {
  const [x, w] = context.inputs;
  const y = context.outputs[0]!;
  const depthwise = kind === "depthwise";
  const g = geometryOf(x!.type, w!.type.shape, context.attributes);
  const channels = x!.type.shape[3] as number;
  const columnAxis = depthwise ? 2 : 3;
  const columns = w!.type.shape[columnAxis] as number;
  const from = scaleOf(x!.type);
  const to = scaleOf(y.type);
  const [low, high] = clampOf(context.attributes, y.type.dtype);
  const { region, size } = paddedIntegerMap(context, g, x!, from.zeroPoint);
  const line = size[1] * channels;
  const weightsOfTap = depthwise ? columns : channels * columns;
  const taps = [
    { size: g.kernel[0], a: g.dilations[0] * line, b: g.kernel[1] * weightsOfTap },
    { size: g.kernel[1], a: g.dilations[1] * channels, b: weightsOfTap },
  ];
  const spec = {
    x: x!.type.dtype,
    y: y.type.dtype,
    places: [
      { size: g.batch, a: size[0] * line, b: g.output[0] * g.output[1] * columns },
      { size: g.output[0], a: g.strides[0] * line, b: g.output[1] * columns },
      { size: g.output[1], a: g.strides[1] * channels, b: columns },
    ],
    taps: depthwise ? taps : [...taps, { size: channels, a: 1, b: columns }],
    columns,
    depthwise,
    xOffset: -from.zeroPoint,
    yOffset: to.zeroPoint,
    low,
    high,
  };
  integerProduct(context, spec, productMultipliers(from, weightScales(w!.type, columnAxis, columns), to, false), region);
}

/** y = compute(inputs), element by element with broadcasting; `key` says everything that `compute` depends on. */
export function integerMap(
  context: LowerContext,
  key: unknown,
  compute: (k: KernelBuilder, inputs: readonly Expression[]) => Expression,
): void {
  const y = context.outputs[0]!;
  const { shape } = y.type;
  const inputs = context.inputs.map(({ type }) => ({
    element: type.dtype,
    strides: broadcastStrides(type.shape, shape),
    offset: 0,
  }));
  const outputs = [{ element: y.type.dtype, strides: stridesOf(shape), offset: 0 }];
  const make = () => mapKernel({ shape, inputs, outputs, body: (k, values) => [compute(k, values)] }, context.lanes);
  context.call(`integer map ${JSON.stringify([key, shape, inputs, outputs])}`, make, [...context.inputs, y]);
}
