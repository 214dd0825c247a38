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
