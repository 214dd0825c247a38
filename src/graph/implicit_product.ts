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
