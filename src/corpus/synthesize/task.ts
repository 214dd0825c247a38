import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeWav } from "../../signal/wav.js";
import { clipJitter, makeClip } from "./clip.js";
import type { ClipSetting } from "./clip.js";
import type { Speaker } from "./speaker.js";
import { sayWithin } from "./utterance.js";

/** One speaker says one word, for one or more clips. */
export interface Task {
  /** Index into the speakers. */
  speaker: number;
  /** What is spoken. */
  text: string;
  /** Folder of the clips. */
  folder: string;
  /** Number of clips. */
  clips: number;
}

/** Everything that tasks share; it is sent once to each worker. */
export interface Job {
  out: string;
  setting: ClipSetting;
  speakers: Speaker[];
  /** The espeak-ng program, where it is not the usual one. */
  program?: string;
}

/** The name of a clip under the folder of the data set, as Speech Commands names them. */
export function clipName(task: Task, speaker: Speaker, take: number): string {
  return `${task.folder}/${speaker.id}_nohash_${take}.wav`;
}

/** Speaks a word and writes its clips. */
export async function runTask(job: Job, task: Task): Promise<void> {
  const { setting, out } = job;
  const speaker = job.speakers[task.speaker];
  const longest = (setting.length / setting.sampleRate) * 2 ** -clipJitter - 0.01;
  const utterance = await sayWithin(speaker, task.text, longest, job.program);
  for (let take = 0; take < task.clips; take++) {
    const samples = makeClip(utterance, speaker, task.text, take, setting);
    writeFileSync(join(out, clipName(task, speaker, take)), encodeWav({ samples, sampleRate: setting.sampleRate }));
  }
}
