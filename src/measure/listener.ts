import { UsageError, UserError } from "../base/errors.js";
import { readBounded } from "../base/read_file.js";
import { ModelStream, streamModel } from "../detect/model_stream.js";
import type { PosteriorStream } from "../detect/posteriors.js";
import { WindowRunner } from "../detect/window_runner.js";
import type { Model } from "../formats/model.js";
import { loadModel } from "../formats/model_file.js";
import { resolveModel } from "../formats/shipped.js";
import { readTfliteMetadata } from "../formats/tflite/metadata.js";
import { largestTflite } from "../formats/tflite/read/read.js";
import type { StreamForm } from "../passes/stream.js";
import { type ListeningRule, listeningRuleOf } from "./listening_rule.js";
import { inLiteRt, type Runtime } from "./runtime.js";
import { openSpotter, type SpotterOptions } from "./spotter.js";
import { openTfliteClipStream } from "./tflite_clip_stream.js";

/** How a model hears a long sound: as a streaming graph, or the clip model computed anew on the last clip's length. */
export type ListeningForm = StreamForm | "clip";

export interface ListenerOptions extends SpotterOptions {
  /** Default: the form in which the model loses nothing; "clip" where it cannot stream, is a .tflite file of clips or a hop is given. */
  readonly form?: ListeningForm | undefined;
  /** Seconds between two looks at the sound, with "clip" alone: a streaming graph has its own. Default 0.02. */
  readonly hop?: number | undefined;
}

/** A model that is ready to hear a sound of any length. */
export interface Listener extends PosteriorStream {
  readonly form: ListeningForm;
  /** When a keyword counts as heard, as far as the model says so. */
  readonly rule: Partial<ListeningRule>;
}

const usualHop = 0.02;
/** Clips scored together. */
const usualGroup = 32;

/**
 * Opens a model by its path, or by the name under which it comes with earshot, to listen.
 * @throws UserError where it cannot be read or does not stream in the form that is asked for; UsageError for options that contradict
 */
export async function openListener(nameOrPath: string, options: ListenerOptions = {}): Promise<Listener> {
  const path = resolveModel(nameOrPath);
  const { form, hop } = options;
  const isTflite = path.toLowerCase().endsWith(".tflite");
  if (isTflite && form !== undefined && form !== "clip")
    throw new UsageError(`${path}: a .tflite file listens with --form clip; streams are for model files`);
  if (form !== undefined && form !== "clip" && hop !== undefined)
    throw new UsageError(`--hop goes with --form clip; the ${form} form gives a result whenever one is due`);
  if (isTflite && form === undefined && hop === undefined) {
    const stream = await openTfliteListener(path, options.runtime);
    if (stream) return stream;
  }
  if (isTflite || form === "clip" || (form === undefined && (hop !== undefined || inLiteRt(options.runtime))))
    return openClips(nameOrPath, options);
  const model = await loadModel(path);
  if (form === undefined && !streams(model)) return openClips(nameOrPath, options);
  const stream = await ModelStream.open(model, { form, input: "audio", target: options.target });
  return listener(stream, stream.program.graph.form, listeningRuleOf(model), () => stream.close());
}

/** A .tflite file that takes samples and hears a step after another; undefined for others. */
async function openTfliteListener(path: string, runtime: Runtime | undefined): Promise<Listener | undefined> {
  const content = await readBounded(path, largestTflite, "a keyword spotter has some megabytes");
  const note = readTfliteMetadata(content, path);
  if (note?.stream === undefined || note.features === "none") return undefined;
  if (runtime === "earshot")
    throw new UsageError(
      `${path}: a .tflite file that hears a step after another runs in LiteRT: --runtime litert or litert-builtin; earshot streams model files`,
    );
  const { labels, rate, decisions = {} } = note;
  // Clips are not told apart here, so that their length does not matter.
  const kernels = runtime === "litert-builtin" ? "builtin" : "xnnpack";
  const stream = await openTfliteClipStream(content, path, { rate, clip: rate, kernels });
  const source = { labels, rate, hop: stream.hop, push: async (samples: Float32Array) => [...(await stream.feed(samples))] };
  return listener({ ...source, close: () => stream.close() }, note.stream.form, listeningRuleOf({ training: decisions }), () =>
    stream.close(),
  );
}

function streams(model: Model): boolean {
  try {
    streamModel(model, { input: "audio" });
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

async function openClips(nameOrPath: string, options: ListenerOptions): Promise<Listener> {
  const { hop = usualHop, group = usualGroup, target } = options;
  const spotter = await openSpotter(nameOrPath, { ...options, group });
  const runner = await WindowRunner.open(spotter, { hop, group, target });
  return listener(runner, "clip", spotter.listening ?? {}, () => {
    runner.close();
    spotter.close();
  });
}

function listener(stream: PosteriorStream, form: ListeningForm, rule: Partial<ListeningRule>, close: () => void): Listener {
  const { labels, rate, hop } = stream;
  return { labels, rate, hop, form, rule, push: (samples) => stream.push(samples), close };
}
