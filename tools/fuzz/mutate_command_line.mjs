import { awkwardTexts, encode, misspell, mutateBytes } from "./mutate.mjs";

/** Values that no flag, or not every one, can take. */
export const awkwardValues = ["0", "1", "-1", "1e999", "0x10", "NaN", "--", "-", ",", "((((", ...awkwardTexts];

/** Longer command lines are cut: the doubling of words would let them grow. */
const mostWords = 200;

const changes = [
  (random, words, at) => words.splice(at, 1),
  (random, words, at, { values }) => words.splice(at, 0, random.pick(values)),
  (random, words, at) => put(words, at, misspell(random, words[at])),
  (random, words, at, { values }) => put(words, at, random.pick(values)),
  (random, words, at) => put(words, at, words[at].slice(0, 3 + random.integer(words[at].length + 1))),
  (random, words, at) => words.splice(at, 0, random.pick(words)),
  (random, words, at, { lines }) => words.splice(at, 0, ...random.pick(lines).split(" ").slice(1)),
  (random, words, at, { values }) => put(words, at, `${words[at]}=${random.pick(values)}`),
];

function put(words, at, word) {
  words[at] = word;
}

/**
 * One of the command lines with words changed, cut, dropped, doubled, put in, or those of another line among them; in one of eight cases
 * its bytes are changed too. Its arguments are joined by zero bytes: `argumentsOf` parts them.
 */
export function mutateCommandLine(random, lines, values) {
  const words = random.pick(lines).split(" ");
  for (let i = 1 + random.integer(3); i > 0 && words.length > 0; i--)
    random.pick(changes)(random, words, random.integer(words.length), { lines, values });
  const bytes = encode(words.slice(0, mostWords).join("\0"));
  return random.integer(8) === 0 ? mutateBytes(random, bytes) : bytes;
}

/** The arguments of a case. */
export function argumentsOf(bytes) {
  return new TextDecoder().decode(bytes).split("\0");
}
