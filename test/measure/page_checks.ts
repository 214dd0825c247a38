/** A label that would break out of text, of an attribute and of a script. */
export const HOSTILE = `"><script src=http://evil.example/x.js></script><img src=x onerror='alert(1)'>&amp;`;

/** Elements that HTML does not close. */
const VOID = new Set(["meta", "img", "br", "!doctype"]);

/** Names of the open elements at the end of the page, and whether every closing tag met its opening one. */
export function unbalanced(page: string): string[] {
  const open: string[] = [];
  const body = page.replace(/<style>[\s\S]*?<\/style>/, "<style></style>");
  for (const [whole, closing, name] of body.matchAll(/<(\/?)([a-z!][a-z0-9]*)(?:"[^"]*"|[^">])*>/gi)) {
    const tag = (name as string).toLowerCase();
    if (VOID.has(tag) || whole.endsWith("/>")) continue;
    if (closing !== "/") open.push(tag);
    else if (open.pop() !== tag) return [`</${tag}>`, ...open];
  }
  return open;
}
