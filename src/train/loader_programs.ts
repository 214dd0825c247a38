import { programBytes } from "../engine/compile.js";
import type { ArchivedOptions } from "./archived_augmentation.js";
import { ArchivedAugmenter } from "./archived_augmentation.js";
import { mixGraph } from "./array_mixer.js";
import { ArrayStack, stackGraph } from "./array_stack.js";
import type { ClipProgramOptions } from "./clip_program.js";
import { ClipProgram, clipGraph } from "./clip_program.js";
import type { LoaderPlan } from "./loader_plan.js";
import { finishGraph, SpectrogramMaker, type SpectrogramMakerOptions, stretcherBytes } from "./spectrogram_maker.js";

/** Sounds that run through augmentation and front end together: enough to fill vectors with frames, few enough to stay in the cache. */
const groupSize = 8;

/** The compiled parts of a loader. */
export interface LoaderPrograms {
  /** Sound to arrays; missing where all clips are arrays. */
  readonly clips: ClipProgram | undefined;
  /** Only stretches, for clips of which speed or room are changed. */
  readonly stretch: ClipProgram | undefined;
  /** Sound to features by way of augmented spectrograms, in the place of `clips`. */
  readonly spectrograms: SpectrogramMaker | undefined;
  readonly stack: ArrayStack;
  readonly archived: ArchivedAugmenter;
}

/** What the programs for sounds are made for; undefined for those that are not needed. */
function clipOptions(plan: LoaderPlan): { clips?: ClipProgramOptions; stretch?: ClipProgramOptions } {
  if (!plan.sources.some((source) => source.kind === "sounds")) return {};
  const { samples, target, noise } = plan;
  const { speed, reverberation } = plan.augmentation.waveform;
  const clips = { group: groupSize, samples, noise: noise.length > 0, target };
  return speed > 0 || reverberation > 0 ? { clips, stretch: { ...clips, group: 1 } } : { clips };
}

function archivedOptions({ frontend, augmentation }: LoaderPlan): ArchivedOptions {
  const [frames, bins] = frontend.arrayShape;
  return { frames, bins, form: frontend.form, settings: augmentation.archived };
}

function spectrogramOptions({ frontend, augmentation, samples, noise, target }: LoaderPlan): SpectrogramMakerOptions | undefined {
  const { spectrogram: settings } = augmentation;
  if (frontend.cut === undefined || settings === null) return undefined;
  return { group: groupSize, samples, frontend: frontend.cut, noise, settings, target };
}

/** Compiles what a loader needs. */
export async function openPrograms(plan: LoaderPlan, profile = false): Promise<LoaderPrograms> {
  const { clips, stretch } = clipOptions(plan);
  const spectrograms = spectrogramOptions(plan);
  return {
    spectrograms: spectrograms && (await SpectrogramMaker.open({ ...spectrograms, profile })),
    clips: spectrograms ? undefined : clips && (await ClipProgram.open(plan.frontend.fromAudio, { ...clips, profile })),
    stretch: stretch && (await ClipProgram.open(undefined, stretch)),
    stack: await ArrayStack.open(plan.frontend, plan.target),
    archived: await ArchivedAugmenter.open(archivedOptions(plan), plan.target),
  };
}

/** Bytes that the programs of one loader will take. */
export function loaderProgramBytes(plan: LoaderPlan): number {
  const { clips, stretch } = clipOptions(plan);
  const { frames, bins, form } = archivedOptions(plan);
  const { cut } = plan.frontend;
  const mix = form && mixGraph(form, frames * bins);
  const graphs = [
    cut ? undefined : clips && clipGraph(plan.frontend.fromAudio, clips),
    stretch && clipGraph(undefined, stretch),
    ...(cut && clips
      ? [clipGraph(cut.toSpectrum, { ...clips, noise: false, unlimited: true }), finishGraph(cut, groupSize)]
      : []),
    stackGraph(plan.frontend),
    mix,
  ];
  return graphs.reduce(
    (sum, graph) => sum + (graph === undefined ? 0 : programBytes(graph, plan.target)),
    cut ? stretcherBytes(cut) : 0,
  );
}
