import type { LogPower } from "./log_power.js";
import { bytePowers, fastLog, powerOf, valueOf } from "./log_power.js";

const table = new Float32Array(256);

/**
 * Makes log-power features louder or softer, as if the recording had been.
 * @param features values of the form, any shape; bytes are looked up in a table
 * @param decibels power gain in dB
 * @param out same length; may be `features` where that is float
 */
export function gainPower(features: Float32Array | Uint8Array, decibels: number, form: LogPower, out: Float32Array): void {
  const factor = 10 ** (decibels / 10);
  if (features instanceof Uint8Array) {
    const powers = bytePowers(form);
    for (let value = 0; value < 256; value++) table[value] = valueOf(powers[value] * factor, form);
    for (let i = 0; i < features.length; i++) out[i] = table[features[i]];
    return;
  }
  const { scale, floor, lowest, highest } = form;
  for (let i = 0; i < features.length; i++) {
    const value = scale * fastLog(floor + powerOf(features[i], form) * factor);
    out[i] = value < lowest ? lowest : value > highest ? highest : value;
  }
}
