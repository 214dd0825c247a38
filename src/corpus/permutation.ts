import { hashKey } from "../base/random.js";

/**
 * A permutation of 0..size-1 without a table: place -> item, keyed by integers. A Feistel network over the next even power of two
 * (Luby and Rackoff 1988), walked until it lands inside (Black and Rogaway 2002).
 */
export function permute(place: number, size: number, ...key: number[]): number {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, size)) / 2));
  const mask = 2 ** half - 1;
  const seed = hashKey(...key);
  let value = place;
  do {
    let left = Math.floor(value / 2 ** half);
    let right = value % 2 ** half;
    for (let round = 0; round < 4; round++) {
      const next = left ^ (hashKey(seed, round, right) & mask);
      left = right;
      right = next;
    }
    value = left * 2 ** half + right;
  } while (value >= size);
  return value;
}
