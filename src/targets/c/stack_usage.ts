/**
 * Bytes of stack that the deepest chain of calls takes, from GCC's -fcallgraph-info=su files. Functions that are only declared,
 * libc's, count as nothing.
 */
export function deepestStack(graphs: readonly string[]): number {
  const own = new Map<string, number>();
  const calls = new Map<string, Set<string>>();
  for (const text of graphs) {
    for (const [, title, label] of text.matchAll(/^node: \{ title: "([^"]*)" label: "([^"]*)"/gm)) {
      const bytes = /\\n(\d+) bytes/.exec(label!)?.[1];
      if (bytes !== undefined) own.set(title!, Number(bytes));
    }
    for (const [, from, to] of text.matchAll(/^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"/gm))
      calls.set(from!, (calls.get(from!) ?? new Set()).add(to!));
  }
  const known = new Map<string, number>();
  const below = (name: string): number => {
    const before = known.get(name);
    if (before !== undefined) return before;
    // Nothing that is exported calls itself; a circle would count once.
    known.set(name, 0);
    const deepest = Math.max(0, ...[...(calls.get(name) ?? [])].map(below));
    known.set(name, (own.get(name) ?? 0) + deepest);
    return known.get(name)!;
  };
  return Math.max(0, ...[...own.keys()].map(below));
}
