// Cuts labelled frames into windows as long as the body's view, each with the phone in its middle, as a feature archive.
import { RandomStream } from "../../dist/base/random.js";
import { ArchiveWriter } from "../../dist/corpus/archive_writer.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { bins, frames, readFrames } from "./frames.mjs";

/** Frames of a window: what the body's middle result sees. */
export const view = 41;
const middle = (view - 1) / 2;
/** Windows of one draw of formants and loudness. */
const perDraw = 8;
/** Share of the silent windows that is kept. */
const silenceKept = 0.3;
const validationEvery = 40;

/**
 * Every draw moves the frequencies, the loudness and the balance of low and high, as other voices and microphones would.
 * @param sources folders of frames with their shares of the windows
 */
export function writeWindows(root, { count, seed, sources, frontend }) {
  const random = new RandomStream(seed, 0x77696e64);
  const sets = sources.map(({ folder, share }) => ({ ...readFrames(folder), share }));
  const total = sets.reduce((sum, { share }) => sum + share, 0);
  const writer = new ArchiveWriter(root, { itemShape: [view, bins], type: "u8", frontend, replace: true });
  const window = new Float32Array(view * bins);
  let made = 0;
  while (made < count) {
    let part = random.uniform() * total;
    let chosen = 0;
    while (part > sets[chosen].share) part -= sets[chosen++].share;
    const { values, phones, count: items } = sets[chosen];
    const item = random.integer(items);
    const draw = drawVoice(random);
    for (let i = 0; i < perDraw && made < count; i++) {
      const at = random.integer(frames);
      const phone = bodyPhones[phones[item * frames + at]];
      if (phone === "sil" && random.uniform() >= silenceKept) continue;
      cut(values, item, at, draw, window);
      const split = item % validationEvery === 0 ? "validation" : "training";
      writer.append({ word: phone, name: `${chosen}_${item}_${at}`, split }, window);
      made++;
    }
  }
  writer.close();
}

function drawVoice(random) {
  return {
    stretch: 1 + random.between(-0.12, 0.12),
    move: random.between(-1, 1),
    // In units of the bytes: 1 is 0.43 dB.
    gain: 7.5 * random.normal(),
    tilt: 7.5 * random.normal(),
  };
}

/** Frames around one, those outside of the second repeated from its ends. */
function cut(values, item, at, { stretch, move, gain, tilt }, window) {
  for (let i = 0; i < view; i++) {
    const frame = Math.min(frames - 1, Math.max(0, at - middle + i));
    const row = (item * frames + frame) * bins;
    for (let bin = 0; bin < bins; bin++) {
      const source = Math.min(bins - 1.001, Math.max(0, bin * stretch + move));
      const low = Math.floor(source);
      const value = values[row + low] + (source - low) * (values[row + low + 1] - values[row + low]);
      window[i * bins + bin] = Math.max(0, Math.min(255, Math.round(value + gain + tilt * ((2 * bin) / (bins - 1) - 1))));
    }
  }
}
