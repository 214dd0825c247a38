/** Height (0 open to 1 close), backness (0 front to 1 back), rounding, r-colour. */
type Quality = readonly [height: number, back: number, round: number, rhotic: number];

/** Vowels of the CMU set: where they begin and where they end (International Phonetic Association 1999, American English). */
const vowels: Readonly<Record<string, readonly [Quality, Quality]>> = {
  iy: [
    [1, 0, 0, 0],
    [1, 0, 0, 0],
  ],
  ih: [
    [0.8, 0.15, 0, 0],
    [0.8, 0.15, 0, 0],
  ],
  eh: [
    [0.4, 0.1, 0, 0],
    [0.4, 0.1, 0, 0],
  ],
  ae: [
    [0.1, 0.1, 0, 0],
    [0.1, 0.1, 0, 0],
  ],
  aa: [
    [0, 0.8, 0, 0],
    [0, 0.8, 0, 0],
  ],
  ao: [
    [0.3, 1, 0.7, 0],
    [0.3, 1, 0.7, 0],
  ],
  ah: [
    [0.3, 0.6, 0, 0],
    [0.3, 0.6, 0, 0],
  ],
  ax: [
    [0.5, 0.5, 0, 0],
    [0.5, 0.5, 0, 0],
  ],
  uh: [
    [0.8, 0.85, 0.6, 0],
    [0.8, 0.85, 0.6, 0],
  ],
  uw: [
    [1, 1, 1, 0],
    [1, 1, 1, 0],
  ],
  er: [
    [0.5, 0.5, 0.2, 1],
    [0.5, 0.5, 0.2, 1],
  ],
  ey: [
    [0.5, 0.1, 0, 0],
    [0.9, 0.1, 0, 0],
  ],
  ay: [
    [0, 0.5, 0, 0],
    [0.9, 0.1, 0, 0],
  ],
  oy: [
    [0.4, 1, 0.8, 0],
    [0.9, 0.1, 0, 0],
  ],
  aw: [
    [0, 0.5, 0, 0],
    [0.9, 0.9, 0.8, 0],
  ],
  ow: [
    [0.5, 0.9, 0.8, 0],
    [0.9, 0.9, 1, 0],
  ],
};

type Manner = "stop" | "affricate" | "fricative" | "nasal" | "liquid" | "glide";

/** Consonants: place from the lips (0) to the glottis (1), manner, voice, hiss. */
const consonants: Readonly<Record<string, readonly [place: number, manner: Manner, voiced: boolean, sibilant?: boolean]>> = {
  p: [0, "stop", false],
  b: [0, "stop", true],
  t: [0.4, "stop", false],
  d: [0.4, "stop", true],
  k: [0.8, "stop", false],
  g: [0.8, "stop", true],
  f: [0.1, "fricative", false],
  v: [0.1, "fricative", true],
  th: [0.25, "fricative", false],
  dh: [0.25, "fricative", true],
  s: [0.4, "fricative", false, true],
  z: [0.4, "fricative", true, true],
  sh: [0.55, "fricative", false, true],
  zh: [0.55, "fricative", true, true],
  hh: [1, "fricative", false],
  ch: [0.55, "affricate", false, true],
  jh: [0.55, "affricate", true, true],
  m: [0, "nasal", true],
  n: [0.4, "nasal", true],
  ng: [0.8, "nasal", true],
  l: [0.4, "liquid", true],
  r: [0.5, "liquid", true],
  w: [0, "glide", true],
  y: [0.7, "glide", true],
};

/** What a phone costs that one sequence has and the other has not: the weak ones are dropped by speakers too. */
const weak: Readonly<Record<string, number>> = { hh: 0.4, ax: 0.6, ih: 0.7, t: 0.6, d: 0.6 };
const vowelGap = 1;
const consonantGap = 0.8;
/** Between a vowel and a consonant. */
const otherKind = 1.5;

/** Whether a phone of the CMU set is a vowel. */
export function isVowel(phone: string): boolean {
  return phone in vowels;
}

function gap(phone: string): number {
  return weak[phone] ?? (isVowel(phone) ? vowelGap : consonantGap);
}

function vowelDistance(a: string, b: string): number {
  const difference = (i: 0 | 1): number => Math.hypot(...vowels[a][i].map((feature, j) => feature - vowels[b][i][j]));
  return Math.min(1, 0.5 * (difference(0) + difference(1)));
}

function consonantDistance(a: string, b: string): number {
  const [placeA, mannerA, voicedA, hissA = false] = consonants[a];
  const [placeB, mannerB, voicedB, hissB = false] = consonants[b];
  const place = 0.8 * Math.abs(placeA - placeB);
  const manner = mannerA === mannerB ? 0 : 0.4;
  return Math.min(1, place + manner + (voicedA === voicedB ? 0 : 0.3) + (hissA === hissB ? 0 : 0.3));
}

/**
 * How differently two phones of the CMU set sound: 0 for the same, some 0.3 for what accents exchange, 1 for another sound of the same
 * kind, 1.5 between vowel and consonant. A phone that is not of the set differs from all others by 1.
 */
export function phoneCost(a: string, b: string): number {
  if (a === b) return 0;
  if (isVowel(a) && isVowel(b)) return vowelDistance(a, b);
  if (a in consonants && b in consonants) return consonantDistance(a, b);
  return isVowel(a) || isVowel(b) ? otherKind : 1;
}

/** Least cost of making one sequence of phones the other by exchanging, dropping and adding phones (Wagner and Fischer 1974). */
export function phoneDistance(a: readonly string[], b: readonly string[]): number {
  return distances(a, b, gap).at(-1) as number;
}

/** Least distance to a phrase of all stretches of a sequence: 0 where the phrase is said within it, as "off" in "lights off please". */
export function distanceWithin(sequence: readonly string[], phrase: readonly string[]): number {
  return Math.min(...distances(sequence, phrase, () => 0));
}

/**
 * The last column of the table of distances: of each beginning of `a` to the whole of `b`.
 * @param before what it costs that `a` has a phone before the first one of `b`
 */
function distances(a: readonly string[], b: readonly string[], before: (phone: string) => number): number[] {
  let row = [0];
  for (const phone of b) row.push((row.at(-1) as number) + gap(phone));
  const last = [row.at(-1) as number];
  for (const phone of a) {
    const next = [row[0] + before(phone)];
    for (const [j, other] of b.entries())
      next.push(Math.min(row[j] + phoneCost(phone, other), row[j + 1] + gap(phone), next[j] + gap(other)));
    row = next;
    last.push(row.at(-1) as number);
  }
  return last;
}

/** Phones of the same kind at a distance from a phone, nearest first: another vowel for a vowel, a consonant for a consonant. */
export function phonesNear(phone: string, least: number, most: number): string[] {
  const kind = isVowel(phone) ? vowels : consonants;
  return Object.keys(kind)
    .filter((other) => other !== phone && phoneCost(phone, other) >= least && phoneCost(phone, other) <= most)
    .toSorted((a, b) => phoneCost(phone, a) - phoneCost(phone, b));
}
