import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { findPath } from "../base/find_path.js";
import { readSound } from "../signal/decode.js";
import { silenceLabel } from "./clip.js";
import { decibels, measureLevels } from "./levels.js";
import { readManifest } from "./manifest.js";
import { noSounds } from "./no_sounds.js";
import { listFolders, scanFolder } from "./scan.js";
import { splitFolderNames } from "./split_folder_names.js";
import { readSplitLists, speakerOf } from "./split.js";

/** What can be wrong with a file. */
export type Problem = "missing" | "unreadable" | "wrong rate" | "too short" | "silent" | "clipped" | "duplicate";

/** One file with one problem. */
export interface Finding {
  path: string;
  problem: Problem;
  /** What was found, with numbers. */
  detail: string;
  /** "error": the file cannot be used; "warning": it probably harms; "notice": it is worth knowing. */
  severity: "error" | "warning" | "notice";
}

/** What counts as a problem. */
export interface CheckOptions {
  /** Hz that files should have. Default 16000. */
  rate?: number | undefined;
  /** Seconds that a clip should have at least. Default 1; below half of it the finding is a warning. */
  minSeconds?: number | undefined;
  /** RMS level below which a file is silent, in dB of full scale. Default -60. */
  silentDecibels?: number | undefined;
  /** Share of samples in clipped runs above which a file is clipped. Default 0.001. */
  clippedShare?: number | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The result of a check. */
export interface CheckReport {
  root: string;
  /** Files looked at. */
  files: number;
  findings: Finding[];
  /** Number of findings by problem. */
  counts: Record<Problem, number>;
}

interface Subject {
  path: string;
  word: string;
  speaker: string;
}

const longestSeconds = 3600;

/**
 * Looks at every sound file of a data set (folder of words, folder of splits, or manifest; background noise too) and names each
 * that cannot be used or looks wrong.
 * @throws UserError for a missing folder or one without sound; FormatError for a faulty list or manifest
 */
export async function checkDataset(root: string, options: CheckOptions = {}): Promise<CheckReport> {
  const { subjects, findings } = subjectsOf(root);
  if (subjects.length === 0) throw noSounds(root);
  const seen = new Map<string, Subject>();
  for (const [index, subject] of subjects.entries()) {
    findings.push(...(await checkFile(subject, seen, options)));
    options.onProgress?.(index + 1, subjects.length);
  }
  return { root, files: subjects.length, findings, counts: countProblems(findings) };
}

function subjectsOf(root: string): { subjects: Subject[]; findings: Finding[] } {
  if (findPath(root)?.isFile() === true) {
    const byPath = new Map(readManifest(root).map((entry) => [entry.path, entry]));
    const subjects = [...byPath.values()].map(({ path, label, speaker }) => ({ path, word: label, speaker: speaker ?? "" }));
    return { subjects, findings: [] };
  }
  const partNames = new Set(splitFolderNames.flatMap((names) => Object.values(names)));
  const parts = listFolders(root).filter((name) => partNames.has(name) && listFolders(join(root, name)).length > 0);
  const found = [root, ...parts.map((name) => join(root, name))].map((path) => scanFolder(path));
  const subjects = found.flatMap(({ files, noise }) => [
    ...files.map(({ path, word, file }) => ({ path, word, speaker: speakerOf(file) })),
    ...noise.map((path) => ({ path, word: silenceLabel, speaker: "" })),
  ]);
  const unique = [...new Map(subjects.map((subject) => [subject.path, subject])).values()];
  return { subjects: unique, findings: missingFiles(root) };
}

function missingFiles(root: string): Finding[] {
  return readSplitLists(root)
    .entries.filter(({ name }) => !existsSync(join(root, name)))
    .map(({ name, list, line }) => ({
      path: join(root, name),
      problem: "missing",
      detail: `listed in ${list} line ${line}`,
      severity: "error",
    }));
}

async function checkFile(subject: Subject, seen: Map<string, Subject>, options: CheckOptions): Promise<Finding[]> {
  const { path } = subject;
  const findings: Finding[] = [];
  const add = (problem: Problem, severity: Finding["severity"], detail: string) =>
    findings.push({ path, problem, detail, severity });
  const { rate = 16000, minSeconds = 1, silentDecibels = -60, clippedShare = 0.001 } = options;
  let sound: Awaited<ReturnType<typeof readSound>>;
  try {
    sound = await readSound(path, { rate: null, maxSeconds: longestSeconds });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    add("unreadable", "error", error.message.replace(`${path}: `, ""));
    return findings;
  }
  const { samples, sampleRate } = sound;
  if (samples.length === 0) {
    add("unreadable", "error", "no samples");
    return findings;
  }
  const seconds = samples.length / sampleRate;
  const levels = measureLevels(samples);
  if (sampleRate !== rate)
    add("wrong rate", "warning", `${sampleRate} Hz instead of ${rate} Hz; it is converted when it is read`);
  if (seconds < minSeconds)
    add(
      "too short",
      seconds < minSeconds / 2 ? "warning" : "notice",
      `${seconds.toFixed(3)} s of ${minSeconds} s; it is padded with zeros`,
    );
  if (subject.word !== silenceLabel && !(decibels(levels.rms) >= silentDecibels)) {
    add("silent", "warning", levels.peak === 0 ? "all samples are 0" : `${decibels(levels.rms).toFixed(1)} dB RMS`);
  }
  const share = levels.clipped / samples.length;
  if (share > clippedShare)
    add(
      "clipped",
      "warning",
      `${(100 * share).toFixed(2)} % of the samples are cut off at ${decibels(levels.peak).toFixed(1)} dB`,
    );
  const key = fingerprint(samples, sampleRate);
  const twin = seen.get(key);
  if (twin === undefined) seen.set(key, subject);
  else add("duplicate", ...describeTwin(subject, twin));
  return findings;
}

function describeTwin(subject: Subject, twin: Subject): [Finding["severity"], string] {
  const same = subject.word === twin.word && subject.speaker === twin.speaker;
  const difference = subject.word === twin.word ? "" : ` although that is '${twin.word}'`;
  return [same ? "notice" : "warning", `the same sound as ${twin.path}${difference}`];
}

/** Of the decoded sound, so that the same samples in another container are found too. */
function fingerprint(samples: Float32Array, rate: number): string {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return createHash("sha1").update(String(rate)).update(bytes).digest("base64");
}

function countProblems(findings: readonly Finding[]): Record<Problem, number> {
  const counts: Record<Problem, number> = {
    missing: 0,
    unreadable: 0,
    "wrong rate": 0,
    "too short": 0,
    silent: 0,
    clipped: 0,
    duplicate: 0,
  };
  for (const { problem } of findings) counts[problem]++;
  return counts;
}
