/** Tells, on standard error, of the words that somebody's own data has no clip of. */
export function tellMissing(root: string): (missing: readonly string[]) => void {
  return (missing) => void process.stderr.write(`note: ${root} has no clips of ${missing.join(", ")}\n`);
}
