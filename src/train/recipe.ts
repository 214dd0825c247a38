import * as v from "valibot";
import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { tableOf } from "./table_of.js";

const most = 1e9;
const count = (low: number, high = most) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));
const real = (low: number, high: number) => v.pipe(v.number(), v.finite(), v.minValue(low), v.maxValue(high));
const fraction = real(0, 1);
const kept = v.pipe(v.number(), v.gtValue(0), v.maxValue(1));
const above0 = v.pipe(v.number(), v.finite(), v.gtValue(0));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const range = (low: number, high: number) =>
  v.pipe(
    v.tuple([real(low, high), real(low, high)]),
    v.check(([from, to]) => from <= to, "the first number must not be above the second"),
  );

const source = v.variant("kind", [
  v.strictObject({
    /** A folder of sound files or a JSONL manifest. */
    kind: v.literal("sounds"),
    path: name,
    /** Which files of a folder are recordings; sound files where missing. */
    recordings: v.optional(v.picklist(["sound", "npy"])),
    /** Share of the draws relative to the other sources; the number of clips where missing. */
    weight: v.optional(real(0, most)),
    /** Whether its validation clips count in the validation. */
    validate: v.optional(v.boolean(), true),
  }),
  v.strictObject({
    /** A feature archive. */
    kind: v.literal("archive"),
    path: name,
    weight: v.optional(real(0, most)),
    validate: v.optional(v.boolean(), true),
  }),
  v.strictObject({
    /** A folder with training_list.npz, validation_list.npz and testing_list.npz, or the first of these: rows as ELL's make_dataset writes them. */
    kind: v.literal("rows"),
    path: name,
    weight: v.optional(real(0, most)),
    validate: v.optional(v.boolean(), true),
  }),
]);

const task = v.strictObject({
  /** Labels, or "all" for every word of the data. */
  words: v.optional(v.union([v.literal("all"), v.pipe(v.array(name), v.minLength(1), v.maxLength(10_000))])),
  silence: v.optional(v.boolean()),
  unknown: v.optional(v.boolean()),
  splitBy: v.optional(v.picklist(["lists", "hash", "folders"])),
  /** Shares of the hash split in per cent; 10 where missing. */
  validationPercentage: v.optional(real(0, 100)),
  testingPercentage: v.optional(real(0, 100)),
  silencePercentage: v.optional(real(0, 10_000), 10),
  unknownPercentage: v.optional(real(0, 10_000), 10),
});

const sampling = v.strictObject({
  order: v.optional(v.picklist(["uniform", "balanced", "walk", "epochs"]), "balanced"),
  /** Share of a label among the draws ("balanced"); the other labels share the rest equally. */
  shares: v.optional(tableOf(fraction), {}),
  /** Whether a pass through the clips leaves out the last ones that fill no batch ("epochs"). */
  wholeBatches: v.optional(v.boolean(), false),
  /** A label of which a pass takes random clips, so many that they make up `share` of it ("epochs"). [sample_non_kw] */
  drawn: v.optional(v.strictObject({ label: name, share: v.optional(v.pipe(fraction, v.ltValue(1)), 0.5) })),
});

const masks = v.strictObject({
  /** Probability that a clip is masked. */
  probability: v.optional(fraction, 1),
  timeMasks: v.optional(count(0, 100), 2),
  /** Frames, exclusive. */
  timeMaskSize: v.optional(count(1, 10_000), 10),
  frequencyMasks: v.optional(count(0, 100), 2),
  /** Bins, exclusive. */
  frequencyMaskSize: v.optional(count(1, 10_000), 5),
  /** One drawing for a whole batch, as kws_streaming has it, or one a clip. */
  perBatch: v.optional(v.boolean(), false),
});

const cutout = v.strictObject({
  masks: v.optional(count(1, 100), 3),
  timeMaskSize: v.optional(count(1, 10_000), 10),
  frequencyMaskSize: v.optional(count(1, 10_000), 5),
});

/** What is done to samples, in the order of src/corpus/augment/waveform.ts. */
const waveform = v.strictObject({
  resample: v.optional(real(0, 0.9), 0),
  speed: v.optional(real(0, 0.9), 0),
  volume: v.optional(real(0, 1), 0),
  timeShiftMilliseconds: v.optional(real(0, 10_000), 100),
  noiseFrequency: v.optional(fraction, 0.8),
  noiseVolume: v.optional(real(0, 10), 0.1),
  reverberation: v.optional(fraction, 0),
  /** Largest factor of the background noise that stands for generated silence. */
  silenceVolume: v.optional(real(0, 10), 1),
  /** Probability that generated silence has noise; 1 where missing. */
  silenceFrequency: v.optional(fraction),
});

/** What is done to the arrays of an archive, or to what stands for them where sounds are mixed in. */
const archived = v.strictObject({
  /** Frames to either side. */
  frameShift: v.optional(count(0, 10_000), 10),
  /** Standard deviation of the power gain in dB. */
  gainDecibels: v.optional(real(0, 60), 3),
  noiseFrequency: v.optional(fraction, 0.8),
  /** Power gain of the noise in dB, uniform. */
  noiseDecibels: v.optional(range(-200, 100), [-40, 0]),
  /** Share of silence that is digital silence. */
  silenceZeros: v.optional(fraction, 0.1),
  /** Power gain of the noise that stands for silence, in dB, uniform. */
  silenceDecibels: v.optional(range(-200, 100), [-40, 6]),
});

/** What is done to sounds as spectrograms, in the place of `waveform` (src/corpus/augment/spectrogram.ts); for the front end librosa_mel. */
const spectrogram = v.strictObject({
  probability: v.optional(fraction, 0.5),
  gain: v.optional(range(0, 100), [0.7, 1.1]),
  speed: v.optional(real(0, 0.9), 0.2),
  stretch: v.optional(real(0, 0.9), 0.2),
  /** Frames. */
  frameShift: v.optional(count(0, 10_000), 8),
  noise: v.optional(fraction, 0.45),
});

const augmentation = v.strictObject({
  waveform: v.optional(waveform, {}),
  archived: v.optional(archived, {}),
  /** Share of the examples of unknown words that are the end of one recording and the beginning of another, as running speech is. */
  junctions: v.optional(fraction, 0),
  spectrogram: v.optional(v.nullable(spectrogram), null),
  specAugment: v.optional(v.nullable(masks), null),
  specCutout: v.optional(v.nullable(cutout), null),
});

const optimizer = v.variant("kind", [
  v.strictObject({
    kind: v.literal("adam"),
    beta1: v.optional(real(0, 0.999999), 0.9),
    beta2: v.optional(real(0, 0.999999999), 0.999),
    epsilon: v.optional(above0, 1e-8),
    /** Whether epsilon is added before the bias correction (Keras), not after it (PyTorch). */
    epsilonInside: v.optional(v.boolean()),
  }),
  v.strictObject({
    kind: v.literal("adamw"),
    beta1: v.optional(real(0, 0.999999), 0.9),
    beta2: v.optional(real(0, 0.999999999), 0.999),
    epsilon: v.optional(above0, 1e-8),
    weightDecay: v.optional(real(0, 100), 0.01),
  }),
  v.strictObject({
    kind: v.literal("sgd"),
    momentum: v.optional(real(0, 0.999999), 0.9),
    nesterov: v.optional(v.boolean(), false),
    /** Whether the velocity is a sum of steps (Keras) instead of gradients (PyTorch). */
    rateInVelocity: v.optional(v.boolean()),
  }),
  v.strictObject({
    kind: v.literal("rmsprop"),
    /** Share of the old mean that is kept. [alpha, rho] */
    decay: v.optional(real(0, 0.999999999), 0.99),
    epsilon: v.optional(above0, 1e-8),
    momentum: v.optional(real(0, 0.999999), 0),
    centered: v.optional(v.boolean(), false),
  }),
  v.strictObject({
    kind: v.literal("novograd"),
    beta1: v.optional(real(0, 0.999999), 0.95),
    beta2: v.optional(real(0, 0.999999999), 0.5),
    epsilon: v.optional(above0, 1e-7),
    weightDecay: v.optional(real(0, 100), 0.001),
    gradAveraging: v.optional(v.boolean(), false),
  }),
]);

const schedule = v.variant("kind", [
  v.strictObject({ kind: v.literal("constant"), rate: above0 }),
  v.pipe(
    v.strictObject({
      kind: v.literal("piecewise"),
      rates: v.pipe(v.array(above0), v.minLength(1), v.maxLength(1000)),
      steps: v.pipe(v.array(count(1)), v.minLength(1), v.maxLength(1000)),
    }),
    v.check(({ rates, steps }) => rates.length === steps.length, "there must be as many rates as numbers of steps"),
  ),
  v.strictObject({ kind: v.literal("exponential"), first: above0, last: above0 }),
  v.strictObject({
    kind: v.literal("cosine"),
    rate: above0,
    last: v.optional(real(0, 1000), 0),
    warmup: v.optional(count(0), 0),
    /** Times that it goes up again. [lr_peaks] */
    peaks: v.optional(real(0, 1e6), 0),
  }),
  v.strictObject({
    kind: v.literal("decay"),
    rate: above0,
    /** Factor of the rate. [lr_gamma] */
    gamma: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    /** Steps from one factor to the next. [lr_step_size] */
    every: v.optional(count(1), 1),
    /** Whether it begins anew behind a third of the steps. */
    restart: v.optional(v.boolean(), false),
  }),
  v.strictObject({
    kind: v.literal("triangular"),
    rate: above0,
    last: v.optional(real(0, 1000), 0),
    /** Times that the rate rises to its height again. [lr_peaks] */
    peaks: v.optional(count(0, 1000), 0),
    /** The range of the rates is multiplied by gamma^(step / 3). */
    gamma: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 1),
  }),
]);

const entries = {
  /** Name in the zoo and its options. */
  model: v.strictObject({ name, options: v.optional(tableOf(v.unknown()), {}) }),
  /** Pretrained model to start from; its label layer is replaced. Front end and network must be its own. */
  from: v.optional(
    v.strictObject({
      /** A model file, or the name of a model that comes with earshot. */
      model: name,
      /** First steps, in which only the label layer learns. */
      freezeSteps: v.optional(count(0), 0),
      /** Learning rate of everything but the label layer, as a factor of the rate; 0: it stays as it is, its batch norms too. */
      bodyRate: v.optional(real(0, 100), 1),
    }),
  ),
  /** Description of the front end: {"kind": "mfcc_op", ...}. */
  frontend: v.looseObject({ kind: v.string() }),
  /** Hz. */
  rate: v.optional(count(1000, 768_000), 16_000),
  /** Samples of a clip. */
  samples: v.optional(count(16, 10_000_000), 16_000),
  data: v.pipe(v.array(source), v.minLength(1), v.maxLength(64)),
  /** Folders or files of further background noise. */
  noise: v.optional(v.array(name), []),
  task: v.optional(task, {}),
  sampling: v.optional(sampling, {}),
  augmentation: v.optional(augmentation, {}),
  optimizer: v.optional(optimizer, { kind: "adam" }),
  schedule: v.optional(schedule, { kind: "piecewise", rates: [0.001, 0.0001], steps: [8000, 2000] }),
  batch: v.optional(count(1, 65_536), 100),
  /** Optimizer steps. */
  steps: v.optional(count(1), 10_000),
  /** Trains for the context form of streams: real past and future in the place of padding, recurrent states that go on. */
  streaming: v.optional(v.boolean()),
  labelSmoothing: v.optional(real(0, 0.999), 0),
  /** Weight of the loss of a label's clips; 1 where missing. */
  classWeights: v.optional(tableOf(real(0, 1e6)), {}),
  /** The sum of the squared weights of kernels, times this, is added to the loss (as Keras has it). */
  l2: v.optional(real(0, 1000), 0),
  /** Names of the parameters that l2 is about, or "all" that learn, as PyTorch's weight decay (of 2 * l2) has it; every kernel where missing. */
  l2Parameters: v.optional(v.union([v.literal("all"), v.pipe(v.array(name), v.maxLength(10_000))])),
  /** Largest global norm of the gradients; 0: not clipped. */
  clipNorm: v.optional(real(0, 1e9), 0),
  /** Matrices of recurrent layers become sparse (see sparsify.ts). */
  sparsity: v.optional(
    v.strictObject({
      /** Share that is kept of the matrices that multiply a layer's input. [wSparsity] */
      w: v.optional(kept, 1),
      /** Share that is kept of those that multiply its state. [uSparsity] */
      u: v.optional(kept, 1),
      /** Steps from one hard threshold to the next. [trim_level] */
      trimLevel: v.optional(count(1, 1_000_000), 15),
    }),
  ),
  /**
   * Rolling training of a recurrent network for streams without resets: a batch begins with states that batches before it ended with
   * (rolling.ts); the first passes are short ones, of which there are `maxLength` at most. [rolling, max_rolling_length]
   */
  rolling: v.optional(v.strictObject({ maxLength: v.optional(count(0, 1_000_000), 100) })),
  /** Steps between two validations; 0: after every pass through the clips. */
  validateEvery: v.optional(count(0), 400),
  /** Validations without improvement after which training stops; 0: never. */
  patience: v.optional(count(0), 0),
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1)), 0),
  /** Licence and attribution that the model carries. */
  licence: v.optional(v.pipe(v.string(), v.maxLength(10_000)), ""),
} as const;

/** Schema of recipe.json. */
export const recipeSchema = v.strictObject(entries);

/** A training as plain data, with every default filled in. */
export type Recipe = v.InferOutput<typeof recipeSchema>;
/** A training as a user writes it. */
export type RecipeInput = v.InferInput<typeof recipeSchema>;
/** Where training clips come from. */
export type RecipeSource = Recipe["data"][number];

/**
 * Checks a recipe and fills in its defaults.
 * @param place how the recipe is called in messages: a file, or "the options"
 * @throws UsageError naming the option, what was found, and for an unknown key the nearest known one
 */
export function parseRecipe(value: unknown, place: string): Recipe {
  const parsed = v.safeParse(recipeSchema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  throw new UsageError(`${place}: ${explain(parsed.issues[0], value)}`);
}

function explain(issue: v.BaseIssue<unknown>, value: unknown): string {
  const path = issue.path ?? [];
  const where = path.map((item) => String(item.key)).join(".");
  if (issue.type === "strict_object" && issue.expected === "never") return unknownKey(where, path, value);
  if (issue.received === "undefined") {
    // Of a missing key the schema tells its name as what it expects.
    const wanted = issue.expected === `"${String(path.at(-1)?.key)}"` ? "given" : (issue.expected ?? "given");
    return `'${where}' is missing; it must be ${wanted}`;
  }
  const wanted = issue.message.replace(/^Invalid \w+: Expected (.*) but received .*$/s, "it must be $1");
  return `'${where || "recipe"}' is ${JSON.stringify(issue.input)?.slice(0, 80)}: ${wanted}`;
}

function unknownKey(where: string, path: readonly { key?: unknown }[], value: unknown): string {
  const key = String(path.at(-1)?.key);
  const known = knownKeys(
    path.slice(0, -1).map((item) => item.key),
    value,
  );
  const near = nearest(key, known);
  return `there is no option '${where}'${near === undefined ? `; known here: ${known.join(", ")}` : `; did you mean '${near}'?`}`;
}

/** Keys that the schema has at a path; a variant is chosen by the value's `kind`. */
function knownKeys(path: readonly unknown[], value: unknown): string[] {
  let schema: unknown = recipeSchema;
  let here = value as Record<string, unknown> | undefined;
  for (const key of path) {
    const shape = objectAt(schema, here);
    schema = typeof key === "number" ? itemOf(schema) : shape?.[String(key)];
    here = here?.[String(key)] as Record<string, unknown> | undefined;
  }
  return Object.keys(objectAt(schema, here) ?? {});
}

interface AnySchema {
  type?: string;
  entries?: Record<string, unknown>;
  wrapped?: unknown;
  item?: unknown;
  options?: AnySchema[];
  pipe?: AnySchema[];
}

function unwrap(schema: unknown): AnySchema {
  let inner = (schema ?? {}) as AnySchema;
  while (inner.wrapped !== undefined) inner = inner.wrapped as AnySchema;
  return inner;
}

function objectAt(schema: unknown, value: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  const inner = unwrap(schema);
  if (inner.type !== "variant") return inner.entries;
  const chosen = inner.options?.find(
    (option) => (option.entries?.["kind"] as { literal?: unknown })?.literal === value?.["kind"],
  );
  return chosen?.entries;
}

function itemOf(schema: unknown): unknown {
  return unwrap(schema).item;
}
