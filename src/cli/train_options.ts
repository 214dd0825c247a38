import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../base/errors.js";
import { commaList, realNumber, wholeNumber } from "./arguments.js";
import { applySchedule, type ScheduleArguments, type Table, tableAt, withoutUndefined } from "./schedule_options.js";

/** A flag that sets one option of the recipe. */
interface RecipeFlag {
  readonly flag: string;
  readonly help: string;
  readonly parse: (text: string) => unknown;
  /** Where it stands in the recipe. */
  readonly path: readonly string[];
}

const fraction = realNumber(0, 1);
const positive = realNumber(0, 1e6);

function numbers(count: number): (text: string) => number[] {
  return (text) => {
    const list = commaList(text).map(Number);
    if (list.length === count && list.every(Number.isFinite)) return list;
    throw new InvalidArgumentError(`It must be ${count} numbers with commas.`);
  };
}

/** "yes=2,no=0.5" -> { yes: 2, no: 0.5 }. */
function table(text: string): Record<string, number> {
  return Object.fromEntries(
    commaList(text).map((item) => {
      const [, name, value] = /^(.+)=([^=]+)$/.exec(item) ?? [];
      if (name !== undefined && Number.isFinite(Number(value))) return [name, Number(value)];
      throw new InvalidArgumentError("It must be a list such as yes=2,no=0.5.");
    }),
  );
}

function oneOf(...names: string[]): (text: string) => string {
  return (text) => {
    if (names.includes(text)) return text;
    throw new InvalidArgumentError(`It must be one of ${names.join(", ")}.`);
  };
}

/** "2,10,2,5" -> SpecAugment's masks. */
function specAugment(text: string): unknown {
  const [timeMasks, timeMaskSize, frequencyMasks, frequencyMaskSize] = numbers(4)(text);
  return { timeMasks, timeMaskSize, frequencyMasks, frequencyMaskSize };
}

function specCutout(text: string): unknown {
  const [masks, timeMaskSize, frequencyMaskSize] = numbers(3)(text);
  return { masks, timeMaskSize, frequencyMaskSize };
}

const waveform = (name: string) => ["augmentation", "waveform", name];
const archived = (name: string) => ["augmentation", "archived", name];

/** Flags whose value goes into the recipe as it is. */
const recipeFlags: readonly RecipeFlag[] = [
  { flag: "--steps <n>", help: "optimizer steps (default: 10000)", parse: wholeNumber(1), path: ["steps"] },
  { flag: "--batch <n>", help: "examples a step (default: 100)", parse: wholeNumber(1, 65_536), path: ["batch"] },
  { flag: "--seed <n>", help: "seed of everything random (default: 0)", parse: wholeNumber(0, 2 ** 32 - 1), path: ["seed"] },
  {
    flag: "--order <name>",
    help: "uniform, balanced, walk or epochs (default: balanced)",
    parse: oneOf("uniform", "balanced", "walk", "epochs"),
    path: ["sampling", "order"],
  },
  {
    flag: "--shares <list>",
    help: "shares of labels among the draws, such as _unknown_=0.1; the rest share what is left",
    parse: table,
    path: ["sampling", "shares"],
  },
  {
    flag: "--label-smoothing <x>",
    help: "share of the target given to all labels (default: 0)",
    parse: realNumber(0, 0.999),
    path: ["labelSmoothing"],
  },
  {
    flag: "--class-weights <list>",
    help: "weights of the loss by label, such as _unknown_=2",
    parse: table,
    path: ["classWeights"],
  },
  { flag: "--l2 <x>", help: "weight of the squared kernels in the loss (default: 0)", parse: positive, path: ["l2"] },
  {
    flag: "--clip-norm <x>",
    help: "largest global norm of the gradients; 0: any (default: 0)",
    parse: positive,
    path: ["clipNorm"],
  },
  {
    flag: "--w-sparsity <x>",
    help: "share kept of the matrices on the inputs of recurrent layers (default: 1)",
    parse: realNumber(1e-6, 1),
    path: ["sparsity", "w"],
  },
  {
    flag: "--u-sparsity <x>",
    help: "share kept of the matrices on their states (default: 1)",
    parse: realNumber(1e-6, 1),
    path: ["sparsity", "u"],
  },
  {
    flag: "--trim-level <n>",
    help: "with sparsity: steps from one hard threshold to the next (default: 15)",
    parse: wholeNumber(1, 1_000_000),
    path: ["sparsity", "trimLevel"],
  },
  {
    flag: "--max-rolling-length <n>",
    help: "with --rolling: short passes at most (default: 100)",
    parse: wholeNumber(0, 1_000_000),
    path: ["rolling", "maxLength"],
  },
  {
    flag: "--validate-every <n>",
    help: "steps between validations; 0: after every pass (default: 400)",
    parse: wholeNumber(0),
    path: ["validateEvery"],
  },
  {
    flag: "--patience <n>",
    help: "validations without improvement before stopping; 0: never (default: 0)",
    parse: wholeNumber(0),
    path: ["patience"],
  },
  {
    flag: "--silence-percentage <x>",
    help: "silence made for a split without any, in percent of its words (default: 10)",
    parse: positive,
    path: ["task", "silencePercentage"],
  },
  {
    flag: "--unknown-percentage <x>",
    help: "unknown words drawn for an unlisted split, in percent (default: 10)",
    parse: positive,
    path: ["task", "unknownPercentage"],
  },
  {
    flag: "--resample <x>",
    help: "stretch by 1 +- x (default: 0; kws_streaming 0.15)",
    parse: realNumber(0, 0.9),
    path: waveform("resample"),
  },
  {
    flag: "--speed <x>",
    help: "play 1 +- x times as fast, band-limited (default: 0)",
    parse: realNumber(0, 0.9),
    path: waveform("speed"),
  },
  { flag: "--volume <x>", help: "gain 1 +- x (default: 0)", parse: fraction, path: waveform("volume") },
  {
    flag: "--time-shift <ms>",
    help: "shift by up to so much (default: 100)",
    parse: realNumber(0, 10_000),
    path: waveform("timeShiftMilliseconds"),
  },
  {
    flag: "--noise-frequency <x>",
    help: "share of sounds with background noise (default: 0.8)",
    parse: fraction,
    path: waveform("noiseFrequency"),
  },
  {
    flag: "--noise-volume <x>",
    help: "largest factor of the noise (default: 0.1)",
    parse: realNumber(0, 10),
    path: waveform("noiseVolume"),
  },
  {
    flag: "--reverberation <x>",
    help: "share of sounds put into a room (default: 0)",
    parse: fraction,
    path: waveform("reverberation"),
  },
  {
    flag: "--silence-volume <x>",
    help: "largest factor of the noise that stands for silence (default: 1)",
    parse: realNumber(0, 10),
    path: waveform("silenceVolume"),
  },
  {
    flag: "--frame-shift <n>",
    help: "arrays: shift by up to n frames (default: 10)",
    parse: wholeNumber(0, 10_000),
    path: archived("frameShift"),
  },
  {
    flag: "--gain-db <x>",
    help: "arrays: deviation of the gain in dB (default: 3)",
    parse: realNumber(0, 60),
    path: archived("gainDecibels"),
  },
  {
    flag: "--array-noise-frequency <x>",
    help: "arrays: share with background noise (default: 0.8)",
    parse: fraction,
    path: archived("noiseFrequency"),
  },
  {
    flag: "--array-noise-db <low,high>",
    help: "arrays: gain of the noise in dB (default: -40,0)",
    parse: numbers(2),
    path: archived("noiseDecibels"),
  },
  {
    flag: "--silence-zeros <x>",
    help: "arrays: share of digital silence in silence (default: 0.1)",
    parse: fraction,
    path: archived("silenceZeros"),
  },
  {
    flag: "--silence-db <low,high>",
    help: "arrays: gain of silence's noise in dB (default: -40,6)",
    parse: numbers(2),
    path: archived("silenceDecibels"),
  },
  {
    flag: "--junctions <x>",
    help: "share of unknown words made of the end of one recording and the beginning of another (default: 0)",
    parse: fraction,
    path: ["augmentation", "junctions"],
  },
  {
    flag: "--spec-augment <list>",
    help: "time masks, their size, frequency masks, their size, such as 2,10,2,5",
    parse: specAugment,
    path: ["augmentation", "specAugment"],
  },
  {
    flag: "--spec-augment-share <x>",
    help: "share of clips that are masked (default: 1)",
    parse: fraction,
    path: ["augmentation", "specAugment", "probability"],
  },
  {
    flag: "--spec-cutout <list>",
    help: "masks, frames, bins, such as 3,10,5",
    parse: specCutout,
    path: ["augmentation", "specCutout"],
  },
  { flag: "--licence <text>", help: "licence and attribution that the model carries", parse: (text) => text, path: ["licence"] },
];

/** Flags that are put together with others. */
export interface OptimizerArguments extends ScheduleArguments {
  optimizer?: "adam" | "adamw" | "sgd" | "rmsprop" | "novograd";
  momentum?: number;
  nesterov?: boolean;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
  decay?: number;
  centered?: boolean;
  gradAveraging?: boolean;
  rolling?: boolean;
  wholeBatches?: boolean;
}

const rates = (text: string): number[] => commaList(text).map((item) => realNumber(0, 1000)(item));
const counts = (text: string): number[] => commaList(text).map((item) => wholeNumber(1)(item));

/** Adds every option of a recipe to a command. */
export function addRecipeOptions(command: Command): Command {
  command
    .option(
      "--optimizer <name>",
      "adam, adamw, sgd, rmsprop or novograd (default: adam)",
      oneOf("adam", "adamw", "sgd", "rmsprop", "novograd"),
    )
    .option("--momentum <x>", "of sgd and rmsprop (default: 0.9, of rmsprop 0)", realNumber(0, 0.999999))
    .option("--nesterov", "Nesterov's momentum")
    .option("--beta1 <x>", "of adam, adamw (default: 0.9) and novograd (0.95)", realNumber(0, 0.999999))
    .option("--beta2 <x>", "of adam, adamw (default: 0.999) and novograd (0.5)", realNumber(0, 0.999999999))
    .option("--epsilon <x>", "of all but sgd (default: 1e-8, of novograd 1e-7)", realNumber(1e-30, 1))
    .option("--weight-decay <x>", "of adamw (default: 0.01) and novograd (0.001)", realNumber(0, 100))
    .option("--decay <x>", "of rmsprop: share of the old mean square that is kept (default: 0.99)", realNumber(0, 0.999999999))
    .option("--centered", "of rmsprop: divide by the deviation of the gradient, not by its root mean square")
    .option("--grad-averaging", "of novograd: average the normalised gradients as Adam does")
    .option(
      "--schedule <name>",
      "constant, piecewise, exponential, cosine, decay or triangular",
      oneOf("constant", "piecewise", "exponential", "cosine", "decay", "triangular"),
    )
    .option("--learning-rate <list>", "one rate, or those of the schedule, such as 0.001,0.0001", rates)
    .option("--schedule-steps <list>", "piecewise: steps at each rate; without --steps their sum is trained", counts)
    .option("--warmup <n>", "cosine: steps of linear warm-up (default: 0)", wholeNumber(0))
    .option("--last-rate <x>", "cosine, triangular and exponential: rate at the end", realNumber(0, 1000))
    .option("--peaks <n>", "cosine and triangular: times that the rate rises again (default: 0)", wholeNumber(0, 1000))
    .option(
      "--gamma <x>",
      "decay: factor of the rate; triangular: its range is multiplied by gamma^(step / 3) (default: 1)",
      realNumber(1e-9, 1),
    )
    .option("--gamma-every <n>", "decay: steps from one factor to the next (default: 1)", wholeNumber(1));
  for (const { flag, help, parse } of recipeFlags) command.option(flag, help, parse);
  command
    .option("--rolling", "recurrent networks: batches begin with states that batches before them ended with (--order epochs)")
    .option("--whole-batches", "leave out the last clips of a pass that fill no batch (--order epochs)");
  return command;
}

/** Name under which commander gives a flag's value. */
function attributeOf(flag: string): string {
  const name = (/^--([a-z0-9-]+)/.exec(flag) as RegExpExecArray)[1];
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Writes the given flags into a recipe, which is changed. */
export function applyRecipeFlags(recipe: Table, options: Table & OptimizerArguments): void {
  for (const { flag, path } of recipeFlags) {
    const value = options[attributeOf(flag)];
    if (value === undefined) continue;
    refuseUnused(recipe, flag, path);
    setPath(recipe, path, value);
  }
  if (options.rolling === true) recipe["rolling"] ??= {};
  if (options.wholeBatches === true) setPath(recipe, ["sampling", "wholeBatches"], true);
  applyOptimizer(recipe, options);
  applySchedule(recipe, options);
}

/** @throws UsageError for a flag about sounds where only arrays are trained on, or the other way round */
function refuseUnused(recipe: Table, flag: string, [first, second]: readonly string[]): void {
  if (first !== "augmentation") return;
  const kinds = (recipe["data"] as readonly { kind: string }[]).map(({ kind }) => kind);
  const name = flag.split(" ")[0];
  if (second === "waveform" && !kinds.includes("sounds"))
    throw new UsageError(`${name} is about sounds, and there are arrays only; leave it out, or give sounds with --data`);
  if (second === "archived" && kinds.every((kind) => kind === "sounds"))
    throw new UsageError(`${name} is about arrays, and there are sounds only; leave it out, or give arrays with --features`);
}

/** Sets a value deep in a table; tables on the way are made. */
export function setPath(root: Table, path: readonly string[], value: unknown): void {
  let here = root;
  for (const key of path.slice(0, -1)) {
    const next = here[key];
    if (typeof next === "object" && next !== null) here = next as Table;
    else here = here[key] = {};
  }
  here[path.at(-1) as string] = value;
}

function applyOptimizer(recipe: Table, options: OptimizerArguments): void {
  const given = withoutUndefined({
    momentum: options.momentum,
    nesterov: options.nesterov,
    beta1: options.beta1,
    beta2: options.beta2,
    epsilon: options.epsilon,
    weightDecay: options.weightDecay,
    decay: options.decay,
    centered: options.centered,
    gradAveraging: options.gradAveraging,
  });
  const before = tableAt(recipe, "optimizer") ?? { kind: "adam" };
  const kind = options.optimizer ?? before["kind"];
  if (options.optimizer === undefined && Object.keys(given).length === 0) return;
  recipe["optimizer"] = { ...(kind === before["kind"] ? before : {}), kind, ...given };
}
