import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashText, RandomStream } from "../../base/random.js";
import { unwritable } from "../../base/system_error.js";
import { encodeWav } from "../../signal/wav.js";
import { clipJitter, makeClip } from "./clip.js";
import type { ClipSetting } from "./clip.js";
import type { Speaker } from "./speaker.js";
import { carriers, sayWithin } from "./utterance.js";

/** One utterance of a word and the clips that are made of it. */
export interface Task {
  /** Indices of the speakers, who share a source; each appears once for each of its clips. */
  speakers: number[];
  /** What is spoken. */
  text: string;
  /** Folder of the clips. */
  folder: string;
  /** The text is phones, not words. */
  phones: boolean;
}

/** Everything that tasks share; it is sent once to each worker. */
export interface Job {
  out: string;
  setting: ClipSetting;
  speakers: Speaker[];
  /** The espeak-ng program, where it is not the usual one. */
  program?: string;
}

/** A clip of a task: its speaker, its number among the speaker's clips of the word, and its name in the data set. */
export interface ClipPlace {
  speaker: Speaker;
  take: number;
  name: string;
}

/** The clips of a task, named as Speech Commands names them. */
export function clipPlaces(task: Task, speakers: readonly Speaker[]): ClipPlace[] {
  const takes = new Map<number, number>();
  return task.speakers.map((index) => {
    const take = takes.get(index) ?? 0;
    takes.set(index, take + 1);
    const speaker = speakers[index];
    return { speaker, take, name: `${task.folder}/${speaker.id}_nohash_${take}.wav` };
  });
}

/** Speaks a word and writes its clips. */
export async function runTask(job: Job, task: Task): Promise<void> {
  const { setting, out } = job;
  const { sampleRate } = setting;
  const places = clipPlaces(task, job.speakers);
  const slowest = Math.min(...places.map(({ speaker }) => speaker.shift)) * 2 ** -clipJitter;
  const longest = setting.length / sampleRate - 0.01;
  const { source, split } = places[0].speaker;
  const random = new RandomStream(setting.seed, hashText(places[0].speaker.id), hashText(task.text), 0x736179);
  const carrier = split === "testing" || task.phones ? "{}" : random.pick(carriers);
  const limits = { shift: slowest, longest, program: job.program, phones: task.phones };
  const utterance = await sayWithin(source, task.text, limits, carrier);
  for (const { speaker, take, name } of places) {
    const samples = makeClip(utterance, speaker, task.text, take, setting);
    writeClip(join(out, name), encodeWav({ samples, sampleRate }));
  }
}

function writeClip(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw unwritable(path, error);
  }
}
