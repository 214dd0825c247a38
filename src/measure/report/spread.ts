/**
 * Moves values apart until each two are at least `distance` from one another, as little as can be, within [low, high].
 * Where they do not fit, they are spread evenly.
 * @returns the moved values in the order given
 */
export function spread(values: readonly number[], distance: number, low: number, high: number): number[] {
  const order = values.map((_, i) => i).toSorted((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  const step = Math.min(distance, (high - low) / Math.max(1, values.length - 1));
  const result = [...values];
  // Groups of values that touch, each around the mean of where its members would stand.
  let groups: { members: number[]; start: number }[] = [];
  for (const index of order) {
    let group = { members: [index], start: clamp(values[index] as number, low, high) };
    for (;;) {
      const before = groups.at(-1);
      if (before === undefined || before.start + before.members.length * step <= group.start + 1e-9) break;
      groups = groups.slice(0, -1);
      const members = [...before.members, ...group.members];
      const wanted = members.reduce((sum, member, i) => sum + (values[member] as number) - i * step, 0) / members.length;
      group = { members, start: clamp(wanted, low, high - (members.length - 1) * step) };
    }
    groups.push(group);
  }
  for (const { members, start } of groups) for (const [i, member] of members.entries()) result[member] = start + i * step;
  return result;
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
