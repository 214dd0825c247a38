import { addPatchesKernel, gatherPatchesKernel, type PatchSpecification } from "../kernels/patches.js";
import type { Geometry } from "./convolution.js";
import type { LowerContext, Region } from "./lower.js";
import { floatOf, pad } from "./lowering.js";

/*
 * A convolution is a matrix product whose left matrix is never written down: its rows are the places of the output, its
 * columns the taps of the kernel, and the element at (place, tap) is the (padded) map at the sum of both strides.
 */

/** The map with its padding, as a region of its own where there is any. */
export function paddedMap(
  context: LowerContext,
  g: Geometry,
  x: Region,
  channels: number,
): { region: Region; size: readonly [number, number] } {
  const size: [number, number] = [g.input[0] + g.before[0] + g.after[0], g.input[1] + g.before[1] + g.after[1]];
  if (size[0] === g.input[0] && size[1] === g.input[1]) return { region: x, size };
  const region = context.workspace(x.type.dtype, g.batch * size[0] * size[1] * channels);
  pad(
    context,
    { element: floatOf(x), batch: g.batch, input: g.input, output: size, before: g.before, stuffing: [1, 1], channels },
    x,
    region,
  );
  return { region, size };
}

/** Places of the output (batch, row, column) with their strides in the map. */
export function placesOf(g: Geometry, map: readonly [number, number], channels: number): { size: number; a: number }[] {
  return [
    { size: g.batch, a: map[0] * map[1] * channels },
    { size: g.output[0], a: g.strides[0] * map[1] * channels },
    { size: g.output[1], a: g.strides[1] * channels },
  ];
}

/** Taps of the kernel (row, column, channel) with their strides in the map. */
export function tapsOf(g: Geometry, map: readonly [number, number], channels: number): { size: number; a: number }[] {
  return [
    { size: g.kernel[0], a: g.dilations[0] * map[1] * channels },
    { size: g.kernel[1], a: g.dilations[1] * channels },
    { size: channels, a: 1 },
  ];
}

/** Places of the output to a row below which a block of registers has too few rows to multiply at full speed. */
const fewPlaces = 4;
/** Products smaller than this do not pay for writing patches. */
const leastOfPatches = { batch: 8, places: 64, channels: 16, columns: 64 };

/**
 * Whether the matrix of patches is written down after all: where a batch of maps has so few places to a row that no block of registers
 * is filled with neighbours. A device, which hears one clip at a time, never pays memory for that.
 * @param columns channels of the output
 */
export function writesPatches(g: Geometry, channels: number, columns: number): boolean {
  const { batch, output, kernel, strides } = g;
  const isPlain = kernel.every((n) => n === 1) && strides.every((n) => n === 1);
  const neighbours = output[1] > 1 ? output[1] : output[0] > 1 ? output[0] : fewPlaces + 1;
  const pays =
    batch >= leastOfPatches.batch &&
    batch * output[0] * output[1] >= leastOfPatches.places &&
    channels >= leastOfPatches.channels &&
    columns >= leastOfPatches.columns;
  return pays && !isPlain && neighbours <= fewPlaces;
}

/** Columns of a map up to which the gradient of a convolution that takes strides is added up from patches. */
const mostColumns = 16;

/** Whether the gradient of the map is a product with all taps at once, whose patches are added up: nothing is multiplied with zeros between strides. */
export function addsPatches(g: Geometry, channels: number, columns: number): boolean {
  const isStrided = g.strides.some((n) => n > 1) && g.batch >= leastOfPatches.batch && g.input[1] <= mostColumns;
  return writesPatches(g, channels, columns) || (isStrided && Math.min(channels, columns) >= leastOfPatches.columns);
}

const patchesOf = (g: Geometry, element: "f32" | "f64", channels: number): PatchSpecification => ({
  element,
  batch: g.batch,
  input: g.input,
  output: g.output,
  kernel: g.kernel,
  strides: g.strides,
  dilations: g.dilations,
  before: g.before,
  channels,
});

/** What each place of the output sees of x, [batch * places, taps * channels], as a region of its own. */
export function gatherPatches(context: LowerContext, g: Geometry, x: Region, channels: number): Region {
  const element = floatOf(x);
  const spec = patchesOf(g, element, channels);
  const size = g.batch * g.output[0] * g.output[1] * g.kernel[0] * g.kernel[1] * channels;
  const patches = context.workspace(element, size);
  context.call(`gather patches ${JSON.stringify(spec)}`, () => gatherPatchesKernel(spec, context.lanes), [x, patches]);
  return patches;
}

/** Adds patches up to the map dx. */
export function addPatches(context: LowerContext, g: Geometry, patches: Region, dx: Region, channels: number): void {
  const spec = patchesOf(g, floatOf(dx), channels);
  context.call(`add patches ${JSON.stringify(spec)}`, () => addPatchesKernel(spec, context.lanes), [patches, dx]);
}
