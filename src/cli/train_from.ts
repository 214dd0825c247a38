import { existsSync } from "node:fs";
import { UsageError } from "../base/errors.js";
import { unknownLabel } from "../corpus/clip.js";
import type { FrontendDescription } from "../frontend/frontend.js";

type Table = Record<string, unknown>;

/** Options of `earshot train` that say where a training starts. */
export interface FromArguments {
  from?: string;
  streaming?: boolean;
  freezeSteps?: number;
  bodyRate?: number;
  frontend?: string;
  option?: string[];
}

/** Of a fine-tuning, where nothing else is said. Ten recordings a word are seen many times in 1000 steps. */
const fineTuning = {
  optimizer: { kind: "adamw", weightDecay: 0.001 },
  schedule: { kind: "cosine", rate: 0.002, warmup: 50 },
  steps: 1000,
  validateEvery: 100,
  labelSmoothing: 0.05,
};
const freezeSteps = 100;
const bodyRate = 0.3;

/**
 * Writes into a recipe that it starts from a model: the model's network, front end, rate and clip length, and a short training at a low rate.
 * @throws UsageError for options that contradict the model, UserError where it cannot be started from
 */
export async function applyPretrained(recipe: Table, model: string | undefined, options: FromArguments): Promise<void> {
  if (options.streaming === true) recipe["streaming"] = true;
  if (options.from === undefined) {
    if (options.freezeSteps === undefined && options.bodyRate === undefined) return;
    throw new UsageError("--freeze-steps and --body-rate go with --from MODEL");
  }
  if (options.frontend !== undefined || options.option !== undefined)
    throw new UsageError("--from takes the network and its front end from the model; leave out --frontend and --option");
  const { pretrainedSettings } = await import("../train/pretrained.js");
  const own = await pretrainedSettings(options.from);
  if (model !== undefined && model !== own.model.name)
    throw new UsageError(
      `${options.from} is a ${own.model.name}, and ${model} was asked for; leave out the network's name with --from`,
    );
  const before = recipe["from"] as Table | undefined;
  const {
    model: network,
    frontend,
    rate,
    samples,
    task,
  }: { model: unknown; frontend: FrontendDescription; rate: number; samples: number; task: unknown } = own;
  // Training for streams goes on with the same words.
  if (options.streaming === true && task !== undefined) recipe["task"] ??= structuredClone(task);
  for (const [key, value] of Object.entries(fineTuning)) recipe[key] ??= value;
  Object.assign(recipe, { model: structuredClone(network), frontend, rate, samples: recipe["samples"] ?? samples });
  recipe["from"] = {
    ...(options.streaming === true ? { freezeSteps: 0, bodyRate: 1 } : { freezeSteps, bodyRate }),
    ...before,
    model: options.from,
    ...(options.freezeSteps === undefined ? {} : { freezeSteps: options.freezeSteps }),
    ...(options.bodyRate === undefined ? {} : { bodyRate: options.bodyRate }),
  };
}

/** The task where nobody names words: all of the data, silence, and unknown words where the first folder brings any. */
export function ownWords(sources: unknown): Table {
  const [first] = sources as { path: string }[];
  return { words: "all", silence: true, unknown: existsSync(`${first.path}/${unknownLabel}`) };
}
