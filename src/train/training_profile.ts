import type { KernelTime } from "../engine/kernel_times.js";
import type { LoaderTimes } from "./loader.js";

/** One kernel's part of a step or of a clip. */
export interface KernelShare {
  /** Name of its generator: contraction, map, ... */
  readonly kernel: string;
  readonly op: string;
  readonly shapes: string;
  /** Of a step or of a clip. */
  readonly calls: number;
  readonly milliseconds: number;
  /** Of the time of all kernels. */
  readonly share: number;
  /** Multiply-adds counted as two; null for kernels that have none. */
  readonly gigaflops: number | null;
}

/** One stage's part of the loader. */
export interface StageShare {
  readonly stage: string;
  readonly microsecondsPerClip: number;
  /** Of the time of all stages but waiting; of everything for "wait". */
  readonly share: number;
}

/** Where the time of a training went. */
export interface TrainingProfile {
  readonly steps: number;
  readonly clips: number;
  /** Wall time of a step of the loop, by what the loop was at: the step, waiting for its batch, everything else. */
  readonly loop: { readonly step: number; readonly wait: number; readonly other: number };
  /** Kernels of the step, longest first; on the thread that calls it. */
  readonly step: readonly KernelShare[];
  /** Stages of the loader, of all its threads together. */
  readonly loader: readonly StageShare[];
  /** Kernels of the loader, longest first. */
  readonly loaderKernels: readonly KernelShare[];
}

/** What is measured. */
export interface ProfileSources {
  readonly steps: number;
  readonly batch: number;
  /** Of the loop. */
  readonly seconds: number;
  readonly trainer: { readonly milliseconds: number; readonly kernels: readonly KernelTime[] };
  readonly loader: LoaderTimes;
}

function shares(kernels: readonly KernelTime[], runs: number): KernelShare[] {
  const all = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return kernels
    .map(({ kernel, op, shapes, calls, milliseconds, multiplyAccumulates }) => ({
      kernel,
      op,
      shapes,
      calls: calls / runs,
      milliseconds: milliseconds / runs,
      share: milliseconds / Math.max(all, 1e-9),
      gigaflops: multiplyAccumulates > 0 && milliseconds > 0 ? (2e-6 * multiplyAccumulates * calls) / milliseconds : null,
    }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}

/** What a kernel of the loader belongs to. */
function stageOf({ op, shapes }: KernelTime): string {
  if (op === "decode_pcm16") return "decode 16-bit";
  if (op === "resample_linear") return "resample and shift";
  // Volume, noise and limit are one chain over whole clips: the only kernel that reads two arrays of samples.
  return /^fused .*clamp$/.test(op) && /^\[\d+,\d+\] \[\d+,1\]/.test(shapes) ? "volume and noise" : "front end";
}

/** Stages in milliseconds, the kernels' stage divided among those that its kernels belong to. */
function stagesOf({ stages, kernels }: LoaderTimes): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (stage: string, milliseconds: number) => sums.set(stage, (sums.get(stage) ?? 0) + milliseconds);
  const measured = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  for (const { stage, milliseconds } of stages) {
    if (stage !== "kernels" || measured === 0) add(stage, milliseconds);
    else for (const kernel of kernels) add(stageOf(kernel), (milliseconds * kernel.milliseconds) / measured);
  }
  return sums;
}

/** Puts the times of a training together. */
export function trainingProfile({ steps, batch, seconds, trainer, loader }: ProfileSources): TrainingProfile {
  const runs = Math.max(1, steps);
  const clips = runs * batch;
  const stages = stagesOf(loader);
  const wait = stages.get("wait") ?? 0;
  const busy = [...stages.values()].reduce((sum, milliseconds) => sum + milliseconds, 0) - wait;
  const step = trainer.milliseconds / runs;
  const waited = loader.waited / runs;
  return {
    steps,
    clips,
    loop: { step, wait: waited, other: Math.max(0, (1000 * seconds) / runs - step - waited) },
    step: shares(trainer.kernels, runs),
    loader: [...stages]
      .map(([stage, milliseconds]) => ({
        stage,
        microsecondsPerClip: (1000 * milliseconds) / clips,
        share: milliseconds / Math.max(stage === "wait" ? busy + wait : busy, 1e-9),
      }))
      .toSorted((a, b) => Number(a.stage === "wait") - Number(b.stage === "wait") || b.share - a.share),
    loaderKernels: shares(loader.kernels, clips),
  };
}
