import { join } from "node:path";
import { formatSeconds, Progress } from "../base/progress.js";
import type { Split } from "../corpus/clip.js";
import type { OwnWordsPlan } from "../corpus/own_words.js";
import type { TargetName } from "../engine/program.js";
import type { FalseAccepts } from "../measure/false_accepts.js";
import type { NearText, OwnWordsResult, OwnWordsScores } from "../measure/own_words.js";
import type { Spotter } from "../measure/spotter.js";
import type { VoiceInside } from "../signal/voices.js";
import type { TrainingOutcome } from "../train/training_outcome.js";
import { interruptible } from "./interrupt.js";
import { adviceOnKnownWords } from "./known_words.js";
import { printJson, printNext, printText, shellWord } from "./output.js";
import { fewWords, fewWordsClips, heldOutVoiceOfWords, usualPerWord, voicesOfWords as voices } from "./quickstart_options.js";
import { printOwnWords } from "./own_words_table.js";
import { clearUnfinished, isSpoken, type Quickstart, resumption, runFolder, writeSettings } from "./quickstart_settings.js";
import { sayTraining } from "./say_training.js";
import { checkStart, scoreLeftOut, trainOn, type WordTraining } from "./quickstart_training.js";

/** Seconds of noise and of other speech that the model is listened with, and between two windows. */
const noiseSeconds = 600;
const speechSeconds = 240;
const hop = 0.2;

interface ClipNumbers {
  /** Synthesised clips of each word. */
  readonly perWord: number;
  readonly seed: number;
  readonly heldOutVoice: VoiceInside;
}

/** `earshot quickstart --words "hey robin,lights off"`: from two phrases to a model that hears them. */
export async function quickstartWords(quickstart: Quickstart, words: readonly string[]): Promise<void> {
  const started = performance.now();
  const { planOwnWords } = await import("../corpus/own_words.js");
  const { folder, seed, target, json = false } = quickstart;
  const perWord = quickstart.perWord ?? (words.length <= fewWords ? fewWordsClips : usualPerWord);
  const plan = await planOwnWords(words, perWord, seed);
  const say = (text: string): void => (json ? undefined : printText(text));
  const data = join(folder, "data");
  const heldOutVoice = quickstart.holdOut ?? heldOutVoiceOfWords;
  const numbers = { perWord, seed, heldOutVoice };
  const { steps, from } = quickstart;
  const training: WordTraining = { plan, seed, steps, from, target, talk: !json };
  await checkStart(training, data);
  await writeSettings(quickstart);
  say(sayPlan(plan));
  const advice = json ? undefined : await adviceOnKnownWords(plan.labels);
  if (advice !== undefined) say(advice);
  if (isSpoken(quickstart, data)) say(`spoken before; voice ${heldOutVoice} is held out`);
  else {
    await clearUnfinished(quickstart, data);
    const clips = await interruptible(
      (signal) => synthesise(plan, data, { ...numbers, signal }),
      `nothing is left of the clips; ${resumption(folder)}`,
    );
    say(`spoken: ${clips} clips in ${formatSeconds((performance.now() - started) / 1000)}; voice ${heldOutVoice} is held out`);
  }
  const outcome = await trainOn(
    training,
    { path: data },
    join(folder, runFolder),
    `what was reached is saved; ${resumption(folder)}`,
  );
  say(`trained: ${sayTraining(outcome)}`);
  const leaving = performance.now();
  const remains = `the model is trained, its threshold is not chosen yet; ${resumption(folder)}`;
  const leftOut = await scoreLeftOut(training, data, join(folder, "folds"), remains);
  if (leftOut.length > 0)
    say(
      `listened to ${leftOut.length} training voices by models trained without them, in ${formatSeconds((performance.now() - leaving) / 1000)}`,
    );
  const measured = await interruptible(() => measure(plan, data, outcome, leftOut, { ...numbers, target }), remains);
  const seconds = (performance.now() - started) / 1000;
  const { model, report, ...result } = measured;
  if (json)
    return printJson({
      folder,
      seconds,
      cpuSeconds: cpuSeconds(),
      target,
      model,
      report,
      heldOutVoice,
      near: plan.near,
      ...result,
    });
  await printOwnWords(result, plan, heldOutVoice);
  printText(`\nmodel  ${model}\nreport ${report}\nall in ${formatSeconds(seconds)}`);
  printText(
    `better still with a few recordings of your own: earshot train --from ${shellWord(model)} --data YOUR_RECORDINGS --extra ${shellWord(data)} --words ${plan.labels.join(",")} --out better`,
  );
  printNext(`earshot predict ${shellWord(model)} ${shellWord(join(data, plan.labels[0]))}`, quickstart);
}

/** Of this process with all its threads: what tells more than the clock where others use the machine. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function sayPlan({ near, clipSeconds, words }: OwnWordsPlan): string {
  const some = words.flatMap((word) => near.filter(({ of, kind }) => of === word && kind === "words").slice(0, 3));
  const examples = some.length === 0 ? "" : ` such as ${some.map(({ text }) => `"${text}"`).join(", ")}`;
  return `${words.map((word) => `"${word}"`).join(", ")} in clips of ${clipSeconds.toFixed(1)} s, against ${near.length} near-sounding phrases${examples}`;
}

async function synthesise(
  plan: OwnWordsPlan,
  out: string,
  { perWord, seed, heldOutVoice, signal }: ClipNumbers & { signal: AbortSignal },
): Promise<number> {
  const { synthesizeDataset } = await import("../corpus/synthesize.js");
  let progress: Progress | undefined;
  const { clips } = await synthesizeDataset({
    words: plan.words,
    perWord,
    others: plan.others,
    seed,
    out,
    signal,
    clipSeconds: plan.clipSeconds,
    voices,
    heldOutVoices: [heldOutVoice],
    testingShare: 0.2,
    validationShare: 0.15,
    naturalEvery: 3,
    // Voices differ in their own pace by a third: slower than the slowest of training must not be unheard of.
    pace: [-0.5, 0.75],
    onProgress: (done, total) => (progress ??= new Progress("speaking", total, "clips")).update(done),
  }).finally(() => progress?.end());
  return clips;
}

/**
 * Moves the words' logits so that one threshold suits them all, by training voices heard by models with and without them, writes both into
 * the model, and measures on what training never had.
 */
async function measure(
  plan: OwnWordsPlan,
  data: string,
  outcome: TrainingOutcome,
  leftOut: readonly OwnWordsScores[],
  numbers: ClipNumbers & { target: TargetName },
): Promise<OwnWordsResult & { model: string; report: string }> {
  const { target, heldOutVoice } = numbers;
  const { openSpotter } = await import("../measure/spotter.js");
  const { figuresAt, poolScores, scoreOwnWords } = await import("../measure/own_words.js");
  const { balancedThreshold: threshold, shiftScores, wordShifts } = await import("../measure/word_balance.js");
  const { finishRun } = await import("../measure/finish_run.js");
  const path = join(outcome.run, "best.safetensors");
  const near: NearText[] = plan.near.map(({ folder, role, kind, distance }) => ({
    folder,
    trained: role === "everywhere" || role === "training",
    words: kind !== "sounds",
    distance,
  }));
  const scored = async (split: Split): Promise<OwnWordsScores> => {
    const spotter = await openSpotter(path, { target });
    return scoreOwnWords(spotter, data, split).finally(() => spotter.close());
  };
  const known = await scored("validation");
  const strange = leftOut.length > 0 ? leftOut : [known];
  const shifts = wordShifts(strange, known, near);
  await moveLogits(path, shifts);
  const spotter = await openSpotter(path, { target });
  let result: OwnWordsResult;
  try {
    result = {
      words: plan.words,
      labels: plan.labels,
      threshold,
      clipSeconds: plan.clipSeconds,
      leftOut: figuresAt(shiftScores(poolScores(strange), shifts), near, threshold),
      validation: figuresAt(shiftScores(known, shifts), near, threshold),
      testing: figuresAt(await scoreOwnWords(spotter, data, "testing"), near, threshold),
      ...(await listen(spotter, plan, threshold, numbers)),
    };
  } finally {
    spotter.close();
  }
  await writeThreshold(path, result);
  const finished = await finishRun({ ...outcome, notes: [...outcome.notes, ...notesOf(result, heldOutVoice)] }, { target });
  return { ...result, model: path, report: finished.report ?? "" };
}

/** False accepts in noise of another seed and in the held-out voice's speech. */
async function listen(
  spotter: Spotter,
  plan: OwnWordsPlan,
  threshold: number,
  { perWord, seed, heldOutVoice }: ClipNumbers,
): Promise<{ noise: FalseAccepts; speech: FalseAccepts }> {
  const { heldOutNoise, heldOutSpeech } = await import("../corpus/held_out_sound.js");
  const { countFalseAccepts } = await import("../measure/false_accepts.js");
  const { scaleOf } = await import("../corpus/own_words.js");
  const scale = scaleOf(perWord);
  const avoided = plan.words.flatMap((word) => word.split(" "));
  const noise = await countFalseAccepts(spotter, heldOutNoise(scale * noiseSeconds, seed), threshold, hop);
  const sentences = await heldOutSpeech(heldOutVoice, scale * speechSeconds, seed, avoided);
  return { noise, speech: await countFalseAccepts(spotter, sentences, threshold, hop) };
}

async function moveLogits(path: string, shifts: readonly number[]): Promise<void> {
  const { loadModel, saveModel } = await import("../formats/model_file.js");
  const { shiftModel } = await import("../measure/word_balance.js");
  await saveModel(path, shiftModel(await loadModel(path), shifts));
}

/** `predict` takes the threshold from the model. */
async function writeThreshold(path: string, result: OwnWordsResult): Promise<void> {
  const { loadModel, saveModel } = await import("../formats/model_file.js");
  const model = await loadModel(path);
  const { missed, near } = result.testing;
  const training = { ...model.training, threshold: result.threshold, missed: missed.rate, nearAccepted: near.rate };
  await saveModel(path, { ...model, training });
}

const percent = (rate: number): string => `${(100 * rate).toFixed(1)} %`;

function notesOf({ threshold, testing, noise, speech }: OwnWordsResult, heldOutVoice: string): string[] {
  const { missed, nearTrained, nearNew, other } = testing;
  return [
    `At the threshold ${threshold.toFixed(3)}, chosen on training voices, heard by models with and without them, on the voice ${heldOutVoice}: ${percent(missed.rate)} of ${missed.clips} clips of the words missed; accepted: ${percent(nearTrained.rate)} of ${nearTrained.clips} near-sounding clips whose words training had in other voices, ${percent(nearNew.rate)} of ${nearNew.clips} whose words it never had, ${percent(other.rate)} of ${other.clips} other ones.`,
    `False accepts an hour: ${noise.perHour.toFixed(1)} in ${(noise.hours * 60).toFixed(0)} minutes of noise, ${speech.perHour.toFixed(1)} in ${(speech.hours * 60).toFixed(0)} minutes of other speech of that voice.`,
  ];
}
