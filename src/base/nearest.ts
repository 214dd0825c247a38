/** Edit distance (Levenshtein) of two short texts. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The candidate that a misspelt name most likely meant, if one is close. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const short = name.slice(0, 64);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(short.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(short, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}
