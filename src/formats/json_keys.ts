/**
 * The first key that stands twice in one object of a JSON text, or undefined. JSON.parse keeps the last of them
 * silently; a file whose header two readers may understand differently is refused instead.
 * @param text valid JSON
 */
export function duplicateKey(text: string): string | undefined {
  const objects: (Set<string> | undefined)[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === "{") objects.push(new Set());
    else if (character === "[") objects.push(undefined);
    else if (character === "}" || character === "]") objects.pop();
    else if (character === '"') {
      const close = closingQuote(text, at);
      const keys = objects.at(-1);
      if (keys && followedByColon(text, close + 1)) {
        const key = JSON.parse(text.slice(at, close + 1)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = close;
    }
    at++;
  }
  return undefined;
}

function closingQuote(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function followedByColon(text: string, from: number): boolean {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text[at])) at++;
  return text[at] === ":";
}
