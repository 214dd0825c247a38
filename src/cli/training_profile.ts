import type { Paint } from "../measure/terminal.js";
import { printable, renderTable } from "../measure/terminal.js";
import type { KernelShare, TrainingProfile } from "../train/training_profile.js";

const right = { align: "right" as const };
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Kernels of which this part of the time goes are shown, the others together. */
const leastShare = 0.005;
const longestName = 44;

function shortened(text: string): string {
  return text.length <= longestName ? text : `${text.slice(0, longestName - 3)}...`;
}

function kernelTable(kernels: readonly KernelShare[], unit: string, scale: number, paint: Paint): string {
  const columns = [
    { title: "kernel" },
    { title: "op" },
    ...["calls", unit, "share", "GFLOP/s"].map((title) => ({ title, ...right })),
    { title: "shapes" },
  ];
  const shown = kernels.filter(({ share }) => share >= leastShare);
  const rows = shown.map((k) => [
    k.kernel,
    shortened(printable(k.op)),
    Number.isInteger(k.calls) ? String(k.calls) : k.calls.toFixed(2),
    (k.milliseconds * scale).toFixed(3),
    percent(k.share),
    k.gigaflops === null ? "" : k.gigaflops.toFixed(1),
    printable(k.shapes),
  ]);
  const rest = kernels.filter(({ share }) => share < leastShare);
  if (rest.length > 0) {
    const sum = (of: (k: KernelShare) => number): number => rest.reduce((total, k) => total + of(k), 0);
    rows.push([
      `${rest.length} others`,
      "",
      "",
      (sum((k) => k.milliseconds) * scale).toFixed(3),
      percent(sum((k) => k.share)),
      "",
      "",
    ]);
  }
  return renderTable(columns, rows, paint);
}

/** Tables of where a training's time went. */
export function renderProfile(profile: TrainingProfile, paint: Paint): string {
  const { loop, loader, step, loaderKernels, steps } = profile;
  const whole = loop.step + loop.wait + loop.other;
  const part = (title: string, milliseconds: number) => [title, milliseconds.toFixed(2), percent(milliseconds / whole)];
  const loopRows = [
    part("step", loop.step),
    part("wait for the batch", loop.wait),
    part("validation, saving and all else", loop.other),
  ];
  const three = (first: string, unit: string) => [{ title: first }, ...[unit, "share"].map((title) => ({ title, ...right }))];
  const stages = loader.map(({ stage, microsecondsPerClip, share }) => [stage, microsecondsPerClip.toFixed(1), percent(share)]);
  return [
    `${steps} steps; a step of the loop`,
    renderTable(three("part", "ms"), loopRows, paint),
    "\nstep by kernel",
    kernelTable(step, "ms", 1, paint),
    "\nloader by stage, all its threads together (share of what it works; of all for wait)",
    renderTable(three("stage", "us a clip"), stages, paint),
    ...(loaderKernels.length > 0 ? ["\nloader by kernel", kernelTable(loaderKernels, "us a clip", 1000, paint)] : []),
  ].join("\n");
}
