import { UserError } from "../base/errors.js";
import { streamingAs } from "../detect/model_stream.js";
import type { Model } from "../formats/model.js";
import { describeFrontend, type FrontendInput } from "../frontend/frontend.js";
import type { Value } from "../graph/types.js";
import type { ValuedGraph } from "../passes/fold.js";
import { prepareForQuantization, type QuantizedGraph, type QuantizeOptions, quantizeGraph } from "../passes/quantize.js";
import type { Range } from "../passes/quantize_scale.js";
import { featureBatches } from "../train/clip_features.js";
import { type FineTuneOptions, fineTuneQuantized } from "../train/fine_tune_quantized.js";
import { FrontendRunner } from "../train/frontend_runner.js";
import { archivedFrontend, archiveRoots } from "../train/frontends.js";
import type { ClipSet } from "../train/sources.js";
import { countClips } from "../train/sources.js";
import { calibrate } from "./calibrate.js";
import { type LayerError, layerErrors } from "./layer_errors.js";
import { frontendOf, rateOf, samplesOf } from "./spotter_model.js";
import type { RangeMethod } from "./value_histogram.js";

/** Clips whose layers are compared for the report. */
const comparedClips = 32;

/** A model that is measured and can be quantized in several ways. */
export class ModelQuantizer {
  readonly #model: Model;
  #ready: ValuedGraph;
  readonly #features: Float32Array;
  readonly #ranges: ReadonlyMap<Value, Range>;
  readonly #method: RangeMethod;
  /** Steps of fine-tuning so far. */
  #fineTuned = 0;

  constructor(model: Model, ready: ValuedGraph, features: Float32Array, ranges: ReadonlyMap<Value, Range>, method: RangeMethod) {
    this.#model = model;
    this.#ready = ready;
    this.#features = features;
    this.#ranges = ranges;
    this.#method = method;
  }

  /**
   * Observes the ranges of a float model's values on clips.
   * @throws UserError where there is no clip, or the model is quantized already
   */
  static async open(model: Model, clips: ClipSet, method: RangeMethod): Promise<ModelQuantizer> {
    const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
    const features = await featuresOf(model, clips);
    return new ModelQuantizer(model, ready, features, await calibrate(ready, features, method), method);
  }

  /** Fine-tunes the model with fake quantization on clips of its labels; what is quantized from then on is the result. */
  async fineTune(clips: ClipSet, options: FineTuneOptions): Promise<void> {
    const features = await featuresOf(this.#model, clips);
    const data = { features, labels: clips.labels, classes: this.#model.labels.length };
    this.#ready = await fineTuneQuantized(this.#ready, this.#ranges, data, options);
    this.#fineTuned += options.steps;
  }

  /** Names of the layers, as `float` takes them. */
  layers(): string[] {
    return [...new Set(quantizeGraph(this.#ready, this.#ranges).layers.map((l) => l.name))];
  }

  /** The model in integers. */
  quantize(options: QuantizeOptions): { model: Model; quantized: QuantizedGraph } {
    const quantized = quantizeGraph(this.#ready, this.#ranges, options);
    const { graph, parameters } = quantized;
    const clips = this.#features.length / this.#width();
    const note = {
      method: this.#method,
      clips,
      io: options.io ?? "float",
      recurrent: options.recurrent ?? "int16",
      float: options.float ?? [],
      ...(options.wide && options.wide.length > 0 ? { wide: options.wide } : {}),
      ...(this.#fineTuned > 0 ? { fineTuningSteps: this.#fineTuned } : {}),
    };
    const training = { ...this.#model.training, quantization: note };
    return { model: streamingAs({ ...this.#model, graph, parameters, training }, this.#model), quantized };
  }

  /** Range and error of each layer on some of the clips. */
  errors(quantized: QuantizedGraph): Promise<LayerError[]> {
    return layerErrors(this.#ready, quantized, this.#features.subarray(0, comparedClips * this.#width()));
  }

  /**
   * How much each layer's 8 bits cost: by how many decibels the logits of some clips are farther from the float ones where it alone has 8
   * bits and all others have 16. (One alone in 16 bits shows little: what it gives is rounded to 8 again for the next.) Layers that
   * cannot have 16 bits are left out; the costliest come first.
   */
  async costs(options: QuantizeOptions): Promise<{ layer: string; decibels: number }[]> {
    const layers = this.layers().filter((layer) => this.#fits({ ...options, wide: [layer] }));
    const nearness = (wide: readonly string[]) => this.#nearness(quantizeGraph(this.#ready, this.#ranges, { ...options, wide }));
    const best = await nearness(layers);
    const list: { layer: string; decibels: number }[] = [];
    for (const layer of layers)
      list.push({ layer, decibels: best - (await nearness(layers.filter((other) => other !== layer))) });
    return list.toSorted((a, b) => b.decibels - a.decibels);
  }

  /** Whether the sums of 16-bit products fit in 32 bits. */
  #fits(options: QuantizeOptions): boolean {
    try {
      quantizeGraph(this.#ready, this.#ranges, options);
      return true;
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
  }

  /** Power of the logits over that of their error, in decibels. */
  async #nearness(quantized: QuantizedGraph): Promise<number> {
    const last = { ...quantized, layers: quantized.layers.slice(-1) };
    const features = this.#features.subarray(0, comparedClips * this.#width());
    const [found] = await layerErrors(this.#ready, last, features, "wasm");
    return found?.signalToNoise ?? Infinity;
  }

  #width(): number {
    const [, frames, bins] = this.#model.graph.inputs[0]!.value.type.shape as [number, number, number];
    return frames * bins;
  }
}

/** Features of clips as the model takes them, shape [count, T, F]. */
async function featuresOf(model: Model, clips: ClipSet): Promise<Float32Array> {
  const sound = { samples: samplesOf(model), rate: rateOf(model) };
  const whole = frontendOf(model);
  const description = describeFrontend(model.frontendDescription as FrontendInput);
  const frontend =
    clips.kind === "sounds" ? whole : archivedFrontend(description, sound, whole.featureShape, archiveRoots([clips]));
  const runner = await FrontendRunner.open(frontend, sound.samples, "auto");
  const [frames, bins] = whole.featureShape;
  const features = new Float32Array(countClips([clips]) * frames * bins);
  try {
    for await (const batch of featureBatches([clips], { runner, frontend, rate: sound.rate }))
      features.set(batch.features, batch.first * frames * bins);
  } finally {
    runner.close();
  }
  return features;
}
