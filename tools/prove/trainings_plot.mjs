// The picture of results/trainings.json: accuracy on the testing recordings against parameters and against multiply-accumulates.
import { scatterDrawing } from "../../dist/measure/report/scatter.js";

const width = 760;
const height = 400;
/** Room above each drawing for its heading. */
const heading = 30;

const style = `
svg{--card:#fff;--soft:#5b6577;--rule:#e2e6ec;--first:#0f766e;--second:#b84a0c;font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
@media(prefers-color-scheme:dark){svg{--card:#1a202b;--soft:#9aa6b8;--rule:#2d3644;--first:#4fd1c1;--second:#ff9a5c}}
.page{fill:var(--card)}text{fill:var(--soft)}.heading{font-weight:600;font-size:15px}
.grid{stroke:var(--rule)}.leader{stroke:var(--soft);stroke-width:.8}.bars{fill:none;stroke:currentColor;stroke-width:1.5;opacity:.55}
.dot{fill:currentColor;stroke:var(--card);stroke-width:1.5}
.name{fill:currentColor;paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round;font-weight:600}
.first{color:var(--first)}.second{color:var(--second)}`;

/** @param shipped names of the networks that come with earshot: their colour is another one */
export function plotOf(rows, shipped) {
  const points = (x) =>
    rows.map((row) => ({
      letter: "",
      name: row.name,
      look: shipped.includes(row.name) ? "first" : "second",
      x: x(row),
      y: row.accuracy,
      interval: row.interval,
    }));
  const drawings = [
    ["parameters", points((row) => row.parameters)],
    ["multiply-accumulates", points((row) => row.multiplyAccumulates)],
  ].map(([title, list], i) => {
    const top = i * (height + heading);
    const drawing = scatterDrawing(title, list, { width, height }).text.replace(
      "<svg ",
      `<svg y="${top + heading}" width="${width}" height="${height}" `,
    );
    return `<text class="heading" x="50" y="${top + 20}">Accuracy on the testing recordings (95 % interval) against ${title}</text>\n${drawing}`;
  });
  const tall = 2 * (height + heading);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}"><style>${style}</style>
<rect class="page" width="${width}" height="${tall}"/>
${drawings.join("\n")}
</svg>
`;
}
