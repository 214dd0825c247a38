import { encodeWav } from "../../signal/wav.js";
import { spectrogramPng } from "../spectrogram.js";
import { percent } from "./figures.js";
import { type Html, html } from "./html.js";
import type { WorstClip } from "./input.js";

/** So many clips make a report of about 1 MB. */
export const MAX_WORST_CLIPS = 12;
/** Longer clips are cut: a keyword lasts one second. */
const MAX_SECONDS = 2;

/** The most confident mistakes, each to be seen and heard. */
export function clipsSection(clips: readonly WorstClip[]): Html {
  if (clips.length === 0) return html``;
  return html`<section><h2>Most confident mistakes</h2>
<p class="lead">Each with its spectrogram (0 Hz at the bottom, mel scale): is it the model that is wrong, or the label?</p>
<div class="clips">${clips.slice(0, MAX_WORST_CLIPS).map(clipCard)}</div></section>`;
}

function clipCard(clip: WorstClip): Html {
  const samples = clip.samples.subarray(0, Math.round(MAX_SECONDS * clip.sampleRate));
  const cut = samples.length < clip.samples.length ? `, first ${MAX_SECONDS} s` : "";
  const picture = dataUrl("image/png", spectrogramPng(samples, clip.sampleRate));
  const sound = dataUrl("audio/wav", encodeWav({ samples, sampleRate: clip.sampleRate }, { bits: 16 }));
  return html`<article class="clip"><h3><span class="predicted">${clip.predicted}</span> <small>should be</small> <span class="truth">${clip.truth}</span></h3>
<div class="scores">${scoreBar("miss", clip.predicted, clip.score)}${scoreBar("hit", clip.truth, clip.truthScore)}</div>
<img src="${picture}" alt="spectrogram of ${clip.name}" width="200" height="96">
<audio controls preload="none" src="${sound}"></audio>
<p class="file">${clip.name}<i>${cut}</i></p></article>`;
}

function scoreBar(look: "hit" | "miss", label: string, score: number): Html {
  const width = `${(Math.min(1, Math.max(0, score)) * 100).toFixed(1)}%`;
  return html`<div class="score ${look}" style="--s:${width}"><span>${label}</span><b>${percent(score)}</b></div>`;
}

const dataUrl = (type: string, bytes: Uint8Array): string => `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
