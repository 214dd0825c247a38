// Commands of a document in Markdown: what stands in its fenced blocks, cut into words as a shell does.

/** Words of every command of the fenced blocks, in order; a backslash at a line's end joins lines. Comments and empty lines are left out. */
export function commandsOf(markdown) {
  const blocks = [...markdown.matchAll(/^\s*```[a-z]*\s*\n([^]*?)^\s*```/gm)].map(([, text]) => text);
  return blocks
    .flatMap((text) => text.replace(/\\[ \t]*\n/g, " ").split("\n"))
    .map((line) => shellWords(line.trim()))
    .filter((words) => words.length > 0);
}

/** A line cut into words: quotes hold words together, a comment ends the line. Variables stay as they are written. */
export function shellWords(line) {
  const words = [];
  let word;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === "'" || c === '"') {
      const end = line.indexOf(c, i + 1);
      word = (word ?? "") + line.slice(i + 1, end < 0 ? undefined : end);
      i = end < 0 ? line.length : end;
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === "#" && word === undefined) break;
    else word = (word ?? "") + c;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * A command's words with other paths and step counts.
 * @param {string[]} words
 * @param {{replace?: Record<string, string>, values?: Record<string, string>, add?: string[]}} changes `replace`: texts within words, such as variables; `values`: the word
 *   behind a flag; `add`: words at the end
 * @returns {{words: string[], changed: string[]}} and what was changed, for the table
 */
export function adapted(words, { replace = {}, values = {}, add = [] }) {
  const changed = [];
  const result = words.map((word, i) => {
    const flag = words[i - 1];
    if (flag in values) {
      changed.push(`${flag} ${values[flag]}`);
      return values[flag];
    }
    return Object.entries(replace).reduce((text, [from, to]) => {
      if (text.includes(from)) changed.push(from);
      return text.replaceAll(from, to);
    }, word);
  });
  if (add.length > 0) changed.push(`added ${add.join(" ")}`);
  return { words: [...result, ...add], changed: [...new Set(changed)] };
}
