import { programBytes } from "../engine/compile.js";
import type { ArchivedOptions } from "./archived_augmentation.js";
import { ArchivedAugmenter, masksOf } from "./archived_augmentation.js";
import { arrayGraph, lowestOf } from "./array_program.js";
import type { ClipProgramOptions } from "./clip_program.js";
import { ClipProgram, clipGraph } from "./clip_program.js";
import type { LoaderPlan } from "./loader_plan.js";
import { finishGraph, SpectrogramMaker, type SpectrogramMakerOptions, stretcherBytes } from "./spectrogram_maker.js";

/** Sounds that run through augmentation and front end together: enough to fill vectors with frames, few enough to stay in the cache. */
const groupSize = 8;
/** Arrays that run through augmentation and the rest of the front end together. */
const mostArrays = 10;

/** The compiled parts of a loader. */
export interface LoaderPrograms {
  /** Sound to arrays; missing where all clips are arrays. */
  readonly clips: ClipProgram | undefined;
  /** Only stretches, for clips of which speed or room are changed. */
  readonly stretch: ClipProgram | undefined;
  /** Sound to features by way of augmented spectrograms, in the place of `clips`. */
  readonly spectrograms: SpectrogramMaker | undefined;
  /** Arrays to features; missing where no clip becomes an array of an archive's kind. */
  readonly archived: ArchivedAugmenter | undefined;
}

/** What the programs for sounds are made for; undefined for those that are not needed. */
function clipOptions(plan: LoaderPlan): { clips?: ClipProgramOptions; stretch?: ClipProgramOptions } {
  if (!plan.sources.some((source) => source.kind === "sounds")) return {};
  const { samples, target, noise } = plan;
  const { speed, reverberation } = plan.augmentation.waveform;
  const clips = { group: groupSize, samples, noise: noise.length > 0, target };
  return speed > 0 || reverberation > 0 ? { clips, stretch: { ...clips, group: 1 } } : { clips };
}

/** Arrays that are computed together: a batch in equal groups. */
function arrayGroup(batch: number): number {
  return Math.ceil(batch / Math.ceil(batch / mostArrays));
}

function archivedOptions({ frontend, augmentation, sources, batch }: LoaderPlan): ArchivedOptions | undefined {
  const { arrayShape, form, stack } = frontend;
  const archives = sources.filter((source) => source.kind === "archive");
  if (stack === undefined && archives.length === 0) return undefined;
  const [frames, bins] = arrayShape;
  const lowest = lowestOf(form);
  const bytes =
    archives.length === sources.length &&
    archives.every((source) => source.bytes) &&
    augmentation.junctions === 0 &&
    lowest === Math.min(255, Math.max(0, Math.round(lowest)));
  const masks = masksOf(augmentation);
  return { group: arrayGroup(batch), frames, bins, form, stack, masks, bytes, settings: augmentation.archived };
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
  const archived = archivedOptions(plan);
  return {
    spectrograms: spectrograms && (await SpectrogramMaker.open({ ...spectrograms, profile })),
    clips: spectrograms ? undefined : clips && (await ClipProgram.open(plan.frontend.fromAudio, { ...clips, profile })),
    stretch: stretch && (await ClipProgram.open(undefined, stretch)),
    archived: archived && (await ArchivedAugmenter.open(archived, plan.target)),
  };
}

/** Bytes that the programs of one loader will take. */
export function loaderProgramBytes(plan: LoaderPlan): number {
  const { clips, stretch } = clipOptions(plan);
  const archived = archivedOptions(plan);
  const { cut } = plan.frontend;
  const graphs = [
    cut ? undefined : clips && clipGraph(plan.frontend.fromAudio, clips),
    stretch && clipGraph(undefined, stretch),
    ...(cut && clips
      ? [clipGraph(cut.toSpectrum, { ...clips, noise: false, unlimited: true }), finishGraph(cut, groupSize)]
      : []),
    archived && arrayGraph(archived),
  ];
  return graphs.reduce(
    (sum, graph) => sum + (graph === undefined ? 0 : programBytes(graph, plan.target)),
    cut ? stretcherBytes(cut) : 0,
  );
}
