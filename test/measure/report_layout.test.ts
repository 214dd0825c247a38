import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { renderComparison } from "../../src/measure/comparison.js";
import { type Evaluation, evaluationOfConfusion } from "../../src/measure/metrics.js";
import { renderReport } from "../../src/measure/report.js";

const base = mkdtempSync(join(tmpdir(), "earshot-layout-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const browser = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));

const LABELS = [
  "_silence_",
  "_unknown_",
  "yes",
  "no",
  "up",
  "down",
  "left",
  "right",
  "on",
  "off",
  "stop",
  "a very long phrase to say",
];

function evaluation(seed: number): Evaluation {
  const random = new RandomStream(seed, 5);
  return evaluationOfConfusion(
    LABELS.map((_, i) => LABELS.map((__, k) => (i === k ? 60 + random.integer(140) : Math.max(0, random.integer(9) - 5)))),
    LABELS,
  );
}

const training = Array.from({ length: 90 }, (_, i) => ({
  step: (i + 1) * 100,
  loss: 2 / (i + 1),
  accuracy: 1 - 0.9 / (i + 1),
  ...(i % 10 === 9 ? { validationLoss: 3 / (i + 1), validationAccuracy: 1 - 0.8 / (i + 1) } : {}),
}));

const one = renderReport({
  title: "ds_cnn_s",
  summary: {
    model: "ds_cnn_s",
    parameters: 23_756,
    multiplyAccumulates: 2_656_768,
    bytes: 114_680,
    data: "/home/somebody/with/a/long/path/to/the/folder/of/speech_commands_v0.02",
    split: "testing",
    date: "2026-11-21T09:30:00Z",
    versions: { earshot: "0.1.0", node: "v20.20.2" },
  },
  evaluation: evaluation(1),
  training,
  worstClips: [
    {
      name: "left/0a0b.wav",
      truth: "left",
      predicted: "yes",
      score: 0.9,
      truthScore: 0.05,
      samples: new Float32Array(16_000),
      sampleRate: 16_000,
    },
  ],
  recipe: { model: { name: "ds_cnn_s" }, long: "x".repeat(300) },
  notes: ["skipped /home/somebody/checkpoints/000100.safetensors: it is cut"],
});

const several = renderComparison({
  runs: ["first", "second with a rather long name of a folder", "third", "fourth"].map((name, i) => ({
    name,
    model: ["ds_cnn_s", "crnn", "svdf", "ds_cnn_s"][i],
    parameters: [23_756, 467_772, 354_000, 23_756][i],
    multiplyAccumulates: [2_656_768, 19_740_640, 9_840_000, 2_656_768][i],
    seed: i,
    steps: 9000,
    time: { seconds: 4000, from: 100 * i },
    evaluation: evaluation(i),
    training: training.map((record) => ({ ...record, step: record.step / (i + 1) })),
    againstFirst: { onlyFirst: 4, onlySecond: 9, probability: 0.267 },
  })),
  seedGroups: [{ members: [0, 3], accuracy: { seeds: 2, mean: 0.9, deviation: 0.01, lowest: 0.8, highest: 0.91 } }],
  notes: ["Not measured on the same clips."],
  version: "0.1.0",
});

/** What a page looks like, asked from within. Widths and sizes in CSS pixels. */
interface Look {
  viewport: number;
  dark: boolean;
  content: number;
  /** Texts smaller than 10 pixels. */
  small: string[];
  /** Texts with a contrast below 4.5 (WCAG 2.1, 1.4.3) against what lies beneath them. */
  pale: string[];
  /** Drawn texts of one picture that overlap. */
  colliding: string[];
  /** Wide things that the keyboard cannot scroll. */
  unreachable: number;
}

/** Runs in the page. */
const QUESTIONS = String.raw`
for (const d of document.querySelectorAll("details")) d.open = true;
const colour = (t) => { const n = t.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
const over = (top, below) => below.map((c, i) => top[i] * top[3] + c * (1 - top[3]));
const lit = (c) => { const [r, g, b] = c.map((v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const beneath = (e) => { const all = []; for (let x = e; x; x = x.parentElement) all.push(colour(getComputedStyle(x).backgroundColor)); return all.reverse().reduce((c, top) => over(top, c), [255, 255, 255]); };
const look = { viewport: innerWidth, dark: matchMedia("(prefers-color-scheme: dark)").matches, content: document.documentElement.scrollWidth, small: [], pale: [], colliding: [], unreachable: 0 };
for (const e of document.querySelectorAll("main *")) {
  const text = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
  if (text === "" || e.tagName === "title" || e.getClientRects().length === 0) continue;
  const style = getComputedStyle(e);
  const zoom = e.ownerSVGElement ? e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width : 1;
  if (parseFloat(style.fontSize) * zoom < 10) look.small.push(text);
  const back = beneath(e);
  const ink = colour(e.ownerSVGElement ? style.fill : style.color);
  const [a, b] = [lit(over(ink, back)), lit(back)].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) look.pale.push(text);
}
for (const svg of document.querySelectorAll("svg")) {
  const boxes = [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect()]);
  boxes.forEach(([s, a], i) => boxes.slice(i + 1).forEach(([t, b]) => {
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4) look.colliding.push(s + " / " + t);
  }));
}
for (const e of document.querySelectorAll("main *")) if (e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX) && e.tabIndex < 0) look.unreachable++;
const out = document.createElement("pre"); out.id = "look"; out.textContent = JSON.stringify(look); parent.document.body.append(out);`;

/** Opens a page in a frame of a width, because a browser's own window has a least width. */
function lookAt(page: string, width: number, dark: boolean): Look {
  // The page forbids scripts; the copy that is asked does not.
  const open = page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
  const file = join(base, "page.html");
  const asking = open.replace("</body>", () => `<script>${QUESTIONS}</script></body>`);
  const quoted = asking.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  writeFileSync(
    file,
    `<!doctype html><body><iframe style="width:${width}px;height:900px;border:0" srcdoc="${quoted}"></iframe></body>`,
  );
  const scheme = dark ? ["--blink-settings=preferredColorScheme=0"] : [];
  const { stdout, stderr } = spawnSync(
    browser as string,
    [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      ...scheme,
      `--user-data-dir=${join(base, "profile")}`,
      "--window-size=1400,1000",
      "--dump-dom",
      `file://${file}`,
    ],
    { encoding: "utf8", timeout: 50_000, maxBuffer: 64 << 20 },
  );
  const found = /<pre id="look">([^<]*)<\/pre>/.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`the browser gave no answer: ${stderr.slice(-500)}`);
  return JSON.parse(found.replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">")) as Look;
}

describe.skipIf(browser === undefined)("pages in a browser (needs chromium)", () => {
  for (const [name, page] of [
    ["report", one],
    ["comparison", several],
  ] as const)
    for (const [width, dark] of [
      [390, false],
      [1280, true],
    ] as const)
      it(`${name}: ${width} pixels wide, ${dark ? "dark" : "light"}: nothing overflows, overlaps, or is hard to read`, () => {
        const look = lookAt(page, width, dark);
        expect(look.content).toBeLessThanOrEqual(width);
        const good = { viewport: width, dark, content: look.content, small: [], pale: [], colliding: [], unreachable: 0 };
        expect(look).toEqual(good);
      });
});
