import type { TrainingTime } from "../evaluation_file.js";

/** "94.41 %"; an unknown fraction is a dash. */
export function percent(fraction: number | null | undefined, digits = 1): string {
  return fraction === null || fraction === undefined ? "–" : `${(fraction * 100).toFixed(digits)} %`;
}

/** "2,656,768". */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** "94.1 kB", decimal units as disks use them. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const power = Math.min(3, Math.floor(Math.log10(value) / 3));
  return `${(value / 1000 ** power).toPrecision(3)} ${["B", "kB", "MB", "GB"][power]}`;
}

/** "2.66 M": three significant digits with the power of a thousand. */
export function short(value: number): string {
  const power = value < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
  return power === 0 ? String(value) : `${(value / 1000 ** power).toPrecision(3)} ${["", "k", "M", "G", "T"][power]}`;
}

/** "38 s", or since which step a resumed training took that long. */
export function trainingTime({ seconds, from }: TrainingTime): string {
  return from === 0 ? duration(seconds) : `${duration(seconds)} from step ${count(from)}`;
}

/** "48 s", "2 min 5 s", "3 h 12 min". */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "0.34", "0.012", "below 0.0001". */
export function probability(value: number): string {
  if (value < 1e-4) return "below 0.0001";
  return value >= 0.995 ? "1.00" : String(Number(value.toPrecision(2)));
}
