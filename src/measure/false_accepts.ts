import { bestKeyword } from "./keyword_decision.js";
import type { Spotter } from "./spotter.js";

/** What a spotter took for keywords in recordings without any. */
export interface FalseAccepts {
  hours: number;
  count: number;
  perHour: number;
  /** Keyword and place of each, seconds from the recording's begin. */
  found: readonly { recording: string; keyword: string; seconds: number; score: number }[];
}

/** Windows that are scored at a time. */
const group = 64;

/**
 * Runs a spotter over recordings, window by window, and counts what it accepts. After each, a clip's length is not looked at.
 * @param recordings samples at the spotter's rate, with a name each
 * @param threshold least probability of a keyword
 * @param hop seconds between the begins of two windows
 */
export async function countFalseAccepts(
  spotter: Spotter,
  recordings: Iterable<{ name: string; samples: Float32Array }>,
  threshold: number,
  hop: number,
): Promise<FalseAccepts> {
  const { samples: length, rate, labels } = spotter;
  const step = Math.max(1, Math.round(hop * rate));
  const found: { recording: string; keyword: string; seconds: number; score: number }[] = [];
  let heard = 0;
  for (const { name, samples } of recordings) {
    heard += samples.length;
    let free = 0;
    const windows = samples.length < length ? 0 : Math.floor((samples.length - length) / step) + 1;
    for (let first = 0; first < windows; first += group) {
      const count = Math.min(group, windows - first);
      const audio = new Float32Array(count * length);
      for (let i = 0; i < count; i++) audio.set(samples.subarray((first + i) * step, (first + i) * step + length), i * length);
      const probabilities = await spotter.scoreSounds(audio, count);
      for (let i = 0; i < count; i++) {
        const { label, score } = bestKeyword(probabilities, i, labels);
        const at = (first + i) * step;
        if (score < threshold || at < free) continue;
        free = at + length;
        found.push({ recording: name, keyword: labels[label], seconds: at / rate, score });
      }
    }
  }
  const hours = heard / rate / 3600;
  return { hours, count: found.length, perHour: hours > 0 ? found.length / hours : 0, found };
}
