import { RandomStream } from "../../base/random.js";
import { drawShift } from "../../corpus/augment/time_shift.js";
import { ClipLoader } from "../../corpus/load_clip.js";
import { argmaxOfRow } from "../../measure/metrics.js";
import type { Spotter } from "../../measure/spotter_model.js";
import type { Recipe } from "../../train/recipe.js";
import { openSources, soundSet } from "../../train/sources.js";
import type { ClipSet } from "../../train/sources.js";

/** Clips with labels. */
export type Sounds = Extract<ClipSet, { kind: "sounds" }>;

const orderKey = 0x7e57;
const shiftKey = 0x5417;
const group = 64;

/** The testing clips in one order drawn once for all: the original shuffles them once, so that what is cut off is of all labels. */
export function testClips(recipe: Recipe): Sounds {
  const { labels, testing } = openSources(recipe);
  const clips = testing.flatMap((set) => (set.kind === "sounds" ? set.clips : []));
  return soundSet(new RandomStream(recipe.seed, orderKey).shuffle([...clips]), labels);
}

/** The first clips. */
export function firstClips({ clips, labels }: Sounds, count: number): Sounds {
  return { kind: "sounds", clips: clips.slice(0, count), labels: labels.slice(0, count) };
}

/** The clips cut to whole batches, as the original cuts them; all of them where they do not fill one. */
export function wholeBatches(set: Sounds, batch: number): Sounds {
  const count = Math.floor(set.clips.length / batch) * batch;
  return count === 0 ? set : firstClips(set, count);
}

/** Share of the clips that are heard right when each is shifted by up to `most` samples to either side. */
export async function shiftedAccuracy(spotter: Spotter, set: Sounds, most: number, seed: number): Promise<number> {
  const { samples, rate, labels } = spotter;
  const loader = new ClipLoader({ rate });
  const clip = new Float32Array(samples);
  let right = 0;
  for (let from = 0; from < set.clips.length; from += group) {
    const members = set.clips.slice(from, from + group);
    const audio = new Float32Array(members.length * samples);
    for (const [i, place] of members.entries()) {
      await loader.load(place, clip);
      const shift = drawShift(most, new RandomStream(seed, shiftKey, from + i));
      const out = audio.subarray(i * samples, (i + 1) * samples);
      if (shift >= 0) out.set(clip.subarray(0, Math.max(0, samples - shift)), Math.min(shift, samples));
      else out.set(clip.subarray(Math.min(-shift, samples)));
    }
    const scores = await spotter.scoreSounds(audio, members.length);
    for (let i = 0; i < members.length; i++) if (argmaxOfRow(scores, i, labels.length) === set.labels[from + i]) right++;
  }
  return right / set.clips.length;
}
