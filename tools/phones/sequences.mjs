// Batches of labelled seconds, each as another voice, pace and microphone would give it.
import { RandomStream } from "../../dist/base/random.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { narrowBands, phoneFrontend } from "../../dist/zoo/earshot/phone_frontend.js";
import { bins, frames, readFrames } from "./frames.mjs";

/** Frames from one result of the body to the next, and the frame in the middle of what the first one sees. */
const stride = 2;
const firstMiddle = 1;
export const results = frames / stride;
const classes = bodyPhones.length;
/** Every so many seconds one is for validation. */
const validationEvery = 40;
const silenceWeight = 0.3;
const { scale, offset } = phoneFrontend;

/** How a phone is said by an utterance's speaker alone, besides what is done to all of them, where a source's `accent` is 1. */
const accentDeviation = { stretch: 0.04, gain: 4, tilt: 4, curve: 4 };

/** Folders of frames; a narrow one has nothing above 4 kHz, one with an accent has every phone said in many ways. */
export function openSources(sources) {
  return sources.map((source) => ({ ...source, ...readFrames(source.folder) }));
}

export function emptyBatch(batch) {
  return {
    features: new Float32Array(batch * frames * bins),
    targets: new Float32Array(batch * results * classes),
    weights: new Float32Array(batch * results),
  };
}

/** Fills a batch for a training step; the same for the same seed and step. */
export function drawBatch(batch, sources, seed, step) {
  const random = new RandomStream(seed, step, 0x736571);
  const total = sources.reduce((sum, { share }) => sum + share, 0);
  for (let place = 0; place < batch.weights.length / results; place++) {
    const source = draw(sources, random.uniform() * total);
    let item = random.integer(source.count);
    while (item % validationEvery === 0) item = random.integer(source.count);
    write(batch, place, source, item, drawHearing(random, source));
  }
}

/** The source that `part` of all shares falls on. */
function draw(sources, part) {
  let below = 0;
  return sources.find(({ share }) => (below += share) > part) ?? sources.at(-1);
}

/** The validation seconds of a source as they are, or, of one that nothing is trained on, all. */
export function validationBatches(source, batch) {
  const every = source.stranger === true ? 1 : validationEvery;
  const items = Array.from({ length: Math.ceil(source.count / every) }, (_, i) => i * every);
  return Array.from({ length: Math.floor(items.length / batch) }, (_, i) => {
    const made = emptyBatch(batch);
    for (let place = 0; place < batch; place++)
      write(made, place, source, items[i * batch + place], plain(source.narrow === true));
    return made;
  });
}

const nowhere = { from: 0, to: 0 };

function plain(narrow) {
  return { stretch: 1, move: 0, gain: 0, tilt: 0, curve: 0, pace: 1, shift: 0, narrow, masked: nowhere, missing: nowhere };
}

function drawHearing(random, { narrow = false, accent = 0 }) {
  const mask = (length, longest) => {
    if (random.uniform() >= 0.7) return nowhere;
    const from = random.integer(length);
    return { from, to: from + random.integer(longest) };
  };
  return {
    // Formants, as a longer or shorter vocal tract has them.
    stretch: 1 + random.between(-0.15, 0.15),
    move: random.between(-1, 1),
    // In units of the bytes: 1 is 0.43 dB.
    gain: 9 * random.normal(),
    tilt: 9 * random.normal(),
    curve: 5 * random.normal(),
    pace: 2 ** random.between(-0.35, 0.35),
    shift: random.between(-12, 12),
    // What is narrow must not tell people from synthetic voices.
    narrow: narrow || random.uniform() < 0.25,
    masked: mask(frames, 9),
    missing: mask(bins, 7),
    accents: accent === 0 ? undefined : bodyPhones.map(() => drawAccent(random, accent)),
  };
}

function drawAccent(random, amount) {
  return Object.entries(accentDeviation).map(([name, deviation]) => [name, amount * deviation * random.normal()]);
}

/** What a phone of an utterance is heard through: for each band where it comes from. */
function hearingOfPhones(hearing) {
  if (hearing.accents === undefined) {
    const bands = bandsOf(hearing);
    return () => bands;
  }
  const made = new Map();
  return (phone) => {
    if (!made.has(phone)) {
      const own = hearing.accents[phone].map(([name, change]) => [name, hearing[name] + change]);
      made.set(phone, bandsOf({ ...hearing, ...Object.fromEntries(own) }));
    }
    return made.get(phone);
  };
}

/** Writes a second of a source, moved and masked, and the phones of the body's results. */
function write({ features, targets, weights }, place, { values, phones }, item, hearing) {
  const bandsOfPhone = hearingOfPhones(hearing);
  targets.fill(0, place * results * classes, (place + 1) * results * classes);
  for (let frame = 0; frame < frames; frame++) {
    const moved = Math.round((frame - frames / 2) * hearing.pace + frames / 2 + hearing.shift);
    const source = item * frames + Math.min(frames - 1, Math.max(0, moved));
    const to = (place * frames + frame) * bins;
    if (within(hearing.masked, frame)) features.fill(0, to, to + bins);
    else writeFrame(features, to, values, source * bins, bandsOfPhone(phones[source]));
    if (frame % stride !== firstMiddle) continue;
    const result = place * results + (frame - firstMiddle) / stride;
    targets[result * classes + phones[source]] = 1;
    weights[result] = phones[source] === 0 ? silenceWeight : 1;
  }
}

const within = ({ from, to }, at) => at >= from && at < to;

/** For each band: the bands that it comes from, the part of the second, and what is added; undefined where nothing is heard. */
function bandsOf({ stretch, move, gain, tilt, curve, narrow, missing }) {
  const heard = narrow ? narrowBands : bins;
  return Array.from({ length: bins }, (_, band) => {
    if (band >= heard || within(missing, band)) return undefined;
    const source = Math.min(heard - 1.001, Math.max(0, band * stretch + move));
    const place = (2 * band) / (bins - 1) - 1;
    const low = Math.floor(source);
    return { low, part: source - low, level: gain + tilt * place + curve * (2 * place * place - 1) };
  });
}

function writeFrame(features, to, values, from, bands) {
  for (const [band, origin] of bands.entries()) {
    if (origin === undefined) {
      features[to + band] = 0;
      continue;
    }
    const { low, part, level } = origin;
    const value = values[from + low] + part * (values[from + low + 1] - values[from + low]) + level;
    features[to + band] = Math.max(0, Math.min(255, value)) * scale + offset;
  }
}
