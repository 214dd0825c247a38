import { UserError } from "../base/errors.js";
import { RandomStream } from "../base/random.js";
import type { ParameterData, Value } from "../graph/types.js";
import { fakeQuantize } from "../passes/fake_quantize.js";
import type { ValuedGraph } from "../passes/fold.js";
import type { Range } from "../passes/quantize_scale.js";
import { Trainer } from "./trainer.js";

/** Clips in memory, with the index of each one's label. */
export interface LabelledFeatures {
  /** Shape [count, T, F]. */
  readonly features: Float32Array;
  readonly labels: Int32Array;
  /** Number of labels. */
  readonly classes: number;
}

/** How a fine-tuning with fake quantization goes. */
export interface FineTuneOptions {
  readonly steps: number;
  readonly batch?: number;
  /** Largest rate of Adam, from which it falls to zero along half a cosine. */
  readonly rate?: number;
  readonly seed?: number;
  readonly onProgress?: (step: number) => void;
}

/**
 * Trains a network on with the roundings of its quantized form, so that its weights learn to live with them. Labels are drawn evenly, then a
 * clip of the label.
 * @param model what `prepareForQuantization` gives
 * @returns the model with its new parameters, for the same ranges
 * @throws UserError where there is no clip
 */
export async function fineTuneQuantized(
  model: ValuedGraph,
  ranges: ReadonlyMap<Value, Range>,
  data: LabelledFeatures,
  { steps, batch = 64, rate = 2e-5, seed = 0, onProgress }: FineTuneOptions,
): Promise<ValuedGraph> {
  const members = Array.from({ length: data.classes }, (_, label) =>
    [...data.labels.keys()].filter((clip) => data.labels[clip] === label),
  ).filter((list) => list.length > 0);
  if (members.length === 0) throw new UserError("there is no clip to fine-tune with");
  const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
  const recipe = { batch, optimizer, labelSmoothing: 0, l2: 0, clipNorm: 1, seed, from: undefined };
  const trainer = await Trainer.open(fakeQuantize(model.graph, ranges), recipe, { target: "auto", threads: 1 });
  try {
    const given = new Map<string, Float32Array>();
    for (const [name, values] of model.parameters) if (values instanceof Float32Array) given.set(name, values);
    trainer.initialize(given);
    const width = data.features.length / data.labels.length;
    const features = new Float32Array(batch * width);
    const targets = new Float32Array(batch * data.classes);
    const weights = new Float32Array(batch).fill(1);
    for (let step = 1; step <= steps; step++) {
      const random = new RandomStream(seed, step);
      targets.fill(0);
      for (let i = 0; i < batch; i++) {
        const list = members[random.integer(members.length)]!;
        const clip = list[random.integer(list.length)]!;
        features.set(data.features.subarray(clip * width, (clip + 1) * width), i * width);
        targets[i * data.classes + data.labels[clip]!] = 1;
      }
      trainer.step({ features, targets, weights }, (rate / 2) * (1 + Math.cos((Math.PI * (step - 1)) / steps)), step);
      onProgress?.(step);
    }
    const parameters = new Map<string, ParameterData>();
    for (const { name } of model.graph.parameters) parameters.set(name, trainer.parameter(name).slice());
    return { graph: model.graph, parameters };
  } finally {
    trainer.close();
  }
}
