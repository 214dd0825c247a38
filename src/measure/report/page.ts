import { type Html, type HtmlValue, html, trusted } from "./html.js";
import { STYLE } from "./style.js";

/** A page that loads nothing and runs nothing, whatever stands in a label or a file name. */
const POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'";

/** One self-contained page: style sheet inside, no script, no reference to anything outside of it. */
export function page(title: string, body: HtmlValue, version = ""): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="color-scheme" content="light dark">
<title>${title}</title><style>${trusted(STYLE)}</style></head>
<body><main>${body}
<footer>Made by earshot ${version}. This page is one file and loads nothing from elsewhere.</footer>
</main></body></html>
`.text;
}

/** What may be wider than the page: it scrolls by itself, by keyboard too. */
export function scrolling(name: string, content: Html): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}">${content}</div>`;
}
