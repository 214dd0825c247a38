/** An option in which two recipes differ. */
export interface Difference {
  /** Path of the option, such as "schedule.rate". */
  field: string;
  /** Values as JSON; "nothing" where it is missing. */
  before: string;
  now: string;
}

/** Every option in which two recipes differ, in the order of the first. */
export function recipeDifferences(before: unknown, now: unknown, field = ""): Difference[] {
  if (!isTable(before) || !isTable(now)) {
    const [a, b] = [textOf(before), textOf(now)];
    return a === b ? [] : [{ field: field || "recipe", before: a, now: b }];
  }
  // Another kind has other options: their lack says nothing more.
  if (before["kind"] !== now["kind"])
    return recipeDifferences(before["kind"], now["kind"], field === "" ? "kind" : `${field}.kind`);
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...keys].flatMap((key) => recipeDifferences(before[key], now[key], field === "" ? key : `${field}.${key}`));
}

/** "batch (16, now 17), seed (3, now 4)"; the first few. */
export function differenceText(differences: readonly Difference[]): string {
  const shown = differences.slice(0, 5).map(({ field, before, now }) => `${field} (${before}, now ${now})`);
  const more = differences.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 120) ?? "nothing";
}
