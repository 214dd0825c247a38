/**
 * Counter-based random numbers: a draw is a pure function of its key, so neither the number of workers
 * nor an interruption changes it. Mixing is the finalizer of MurmurHash3 (Austin Appleby, public domain).
 */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of a key of integers to 32 bits. */
export function hashKey(...key: number[]): number {
  let h = 0x9e3779b9;
  for (const part of key) {
    h = mix32(h ^ mix32((part | 0) + 0x9e3779b9));
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  return mix32(h);
}

/** Hash of a text to 32 bits (FNV-1a, then mixed), for keys that are names. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h);
}

/** A stream of draws under one key: (seed, step, slot, ...). Two streams with the same key give the same draws. */
export class RandomStream {
  readonly #key: number;
  #counter = 0;
  constructor(...key: number[]) {
    this.#key = hashKey(...key);
  }
  /** Uniform integer in [0, 2^32). */
  bits(): number {
    return hashKey(this.#key, this.#counter++);
  }
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }
  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.uniform();
  }
  /** Uniform integer in [0, bound). */
  integer(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }
  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)] as T;
  }
  /** A shuffled copy (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const copy = items.slice();
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  }
}
