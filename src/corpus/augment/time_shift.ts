import type { RandomStream } from "../../base/random.js";

/**
 * Samples by which a clip is delayed (negative: advanced), uniform in [-most, most): kws_streaming's `time_shift_ms` and
 * `sp_time_shift_ms`, and Hello Edge's.
 * @param most samples, for example 0.1 s * 16000
 */
export function drawShift(most: number, random: RandomStream): number {
  return most > 0 ? random.integer(2 * most) - most : 0;
}
