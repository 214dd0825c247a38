import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { FormatError } from "../base/errors.js";
import { makeFolder } from "../base/make_folder.js";
import { backgroundFolder } from "./clip.js";
import { personOf } from "./synthesize/speaker.js";
import type { Speaker } from "./synthesize/speaker.js";

/** A training without one of the training voices, and what is left out for listening with it. */
export interface VoiceFold {
  /** The voice left out, with all that is made of the same person. */
  readonly person: string;
  /** JSONL manifest: "training" has the training clips of the other voices, "testing" clips of the voice left out. */
  readonly manifest: string;
  /** Folder of the data set's background noise. */
  readonly noise: string;
}

interface Listed {
  readonly name: string;
  readonly speaker: Speaker;
}

/**
 * Writes a manifest for each training voice of a synthesised data set with voices held out. The voices held out are in none of them.
 * Of the voice left out there are the clips that the engine speaks as it is, since the voice of a stranger is as natural; all of its
 * clips where these are too few to have words and others.
 * @param data the folder that synthesizeDataset wrote
 * @param out folder of the manifests
 * @param labels folders of the wanted words
 * @returns none where there are clips of a single voice only
 * @throws FormatError where a list names a speaker that speakers.jsonl has not
 */
export async function writeVoiceFolds(data: string, out: string, labels: readonly string[]): Promise<VoiceFold[]> {
  const speakers = readSpeakers(join(data, "speakers.jsonl"));
  const training = readList(join(data, "training_list.txt"), speakers);
  const all = [...training, ...readList(join(data, "validation_list.txt"), speakers)];
  const persons = [...new Set(all.map(({ speaker }) => personOf(speaker.source.voice)))].toSorted();
  if (persons.length < 2) return [];
  await makeFolder(out);
  const folds: VoiceFold[] = [];
  for (const person of persons) {
    const own = ({ speaker }: Listed): boolean => personOf(speaker.source.voice) === person;
    const left = leftOut(all.filter(own), labels);
    if (left === undefined) continue;
    const manifest = join(out, `without_${person}.jsonl`);
    const line = (split: string, { name }: Listed): string =>
      `${JSON.stringify({ path: relative(out, join(data, name)), label: wordOf(name), split })}\n`;
    const lines = [
      ...training.filter((one) => !own(one)).map((one) => line("training", one)),
      ...left.map((one) => line("testing", one)),
    ];
    await writeFile(manifest, lines.join(""));
    folds.push({ person, manifest, noise: join(data, backgroundFolder) });
  }
  return folds;
}

function wordOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}

function leftOut(clips: readonly Listed[], labels: readonly string[]): readonly Listed[] | undefined {
  const wanted = new Set(labels);
  const complete = (some: readonly Listed[]): boolean =>
    some.some(({ name }) => wanted.has(wordOf(name))) && some.some(({ name }) => !wanted.has(wordOf(name)));
  const natural = clips.filter(({ speaker }) => speaker.warp.length === 0);
  return [natural, clips].find(complete);
}

function readSpeakers(file: string): Map<string, Speaker> {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return new Map(lines.map((line) => JSON.parse(line) as Speaker).map((speaker) => [speaker.id, speaker]));
}

function readList(file: string, speakers: ReadonlyMap<string, Speaker>): Listed[] {
  if (!existsSync(file)) return [];
  const names = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return names.map((name) => {
    const id = basename(name).split("_", 1)[0];
    const speaker = speakers.get(id);
    if (speaker === undefined)
      throw new FormatError(file, name, `speaker ${id} is not in speakers.jsonl`, "synthesise the data set anew");
    return { name, speaker };
  });
}
