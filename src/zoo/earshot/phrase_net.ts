import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { branchDropout, dropout } from "../blocks/dropout.js";
import { normalisedConvolution, normalisedPointwise } from "../blocks/normalised_convolution.js";
import { asChannels, flatten, mergeFrequency } from "../blocks/shape.js";
import { padTime } from "../blocks/time_padding.js";
import { bodyPhones, phrasePaths } from "../blocks/phrase_paths.js";
import type { Architecture } from "../model.js";
import { dropoutRate, perLayer, requireEqualLengths, units, whole } from "../options.js";

const name = "earshot/phrase_net";
const size = whole(1, 4096);

const schema = v.strictObject({
  /** "phrase": hears a phrase anywhere in a clip; "phone": names the phone in the middle of a clip as long as the body's view; "phones": names the phone of each of its steps. */
  head: v.optional(v.picklist(["phrase", "phone", "phones"]), "phrase"),
  /** What each of the bodies side by side hears: the features as they are, or each feature less its mean over the clip. */
  bodies: v.optional(v.pipe(perLayer(v.picklist(["plain", "levelled"])), v.minLength(1)), ["plain"]),
  /** Channels of each body; one number: of all. */
  filters: v.optional(
    v.pipe(
      v.union([units, v.pipe(perLayer(units), v.minLength(1))]),
      v.transform((x) => (typeof x === "number" ? [x] : x)),
    ),
    [96],
  ),
  /** Frames that the first convolution sees, and its stride. */
  firstKernel: v.optional(size, 5),
  firstStride: v.optional(size, 2),
  /** Frames that each residual convolution of the body sees, and their distance. */
  kernels: v.optional(perLayer(size), [3, 3, 3, 3, 3, 3]),
  dilations: v.optional(perLayer(size), [1, 2, 1, 2, 1, 2]),
  /** Channels of the phrase head. */
  headFilters: v.optional(units, 48),
  headKernels: v.optional(perLayer(size), [9, 9, 9]),
  headDilations: v.optional(perLayer(size), [1, 2, 4]),
  /** Phones of each phrase with blanks between, in the order of the last labels; none: without paths through phones. */
  phrases: v.optional(perLayer(v.pipe(v.string(), v.check(isPhrase, "phones of the CMU set with blanks between"))), []),
  /** Share of the examples in training that do without the wide head, and of those that do without the paths. */
  branchDropout: v.optional(dropoutRate, 0.5),
  /** Dropout before the label layer. */
  dropout: v.optional(dropoutRate, 0.2),
});

function isPhrase(text: string): boolean {
  return text.split(" ").every((phone) => bodyPhones.includes(phone));
}

type Options = v.InferOutput<typeof schema>;

const norm = { scale: true, activation: "relu" } as const;

/** A body that hears phones, the same for everybody, and a head that hears one's own phrases in what it hears. */
export const phraseNet: Architecture<typeof schema> = {
  name,
  family: "earshot",
  documentation:
    "A body of residual convolutions over time, features as channels, which is trained to name phones (head 'phone'), or several of them side by side; on it a head of wide convolutions over time that hears phrases (head 'phrase'): the largest and the mean value over time. `earshot quickstart --words` trains the head for somebody's own words.",
  schema,
  build(options, { frames, features, labels }) {
    const builder = new GraphBuilder("phrase_net");
    const channels = filtersOf(options);
    const input = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    const bodies = options.bodies.map((kind, i) => {
      const heard = kind === "plain" ? input : levelled(builder, input);
      return bodyOf(builder, bodyPath(i), heard, channels[i] as number, options);
    });
    const x = bodies.length === 1 ? (bodies[0] as Value) : builder.op("concat", bodies, { axis: 3 });
    builder.output("logits", headOf(builder, x, options, labels));
    return builder.finish();
  },
};

function headOf(builder: GraphBuilder, body: Value, options: Options, labels: number): Value {
  if (options.head === "phrase") return phraseLogits(builder, body, options, labels);
  const steps =
    options.head === "phone"
      ? flatten(builder, body)
      : builder.op("reshape", [body], { shape: [-1, body.type.shape[3] as number] });
  return denseLayer(builder, "phones", dropout(builder, steps, options.dropout), labels);
}

/** Channels of each body. */
function filtersOf({ bodies, filters }: Options): number[] {
  if (filters.length === 1) return bodies.map(() => filters[0] as number);
  requireEqualLengths(name, { bodies, filters });
  return filters;
}

/** Each feature less its mean over time: what room, microphone and voice add to it everywhere. */
function levelled(builder: GraphBuilder, x: Value): Value {
  return builder.op("sub", [x, builder.op("mean", [x], { axes: [1], keep: true })]);
}

/** Where the parameters of a body are; the label layer of phones takes the channels of all bodies in their order. */
export function bodyPath(body: number): string {
  return body === 0 ? "body" : `body${body + 1}`;
}

/** [B, T, 1, features] to [B, T / stride, 1, filters]. Phones are named without padding, so that one frame is left. */
function bodyOf(builder: GraphBuilder, path: string, input: Value, filters: number, options: Options): Value {
  const { firstKernel, firstStride, kernels, dilations } = options;
  requireEqualLengths(name, { kernels, dilations });
  const padding = options.head === "phone" ? "valid" : "same";
  const first = { kernel: [firstKernel, 1], strides: [firstStride, 1], padding: "valid" } as const;
  let x = normalisedConvolution(builder, `${path}.first`, padTime(builder, input, first, padding), filters, first, norm);
  for (const [i, kernel] of kernels.entries()) {
    const window = { kernel: [kernel, 1], dilations: [dilations[i] as number, 1], padding: "valid" } as const;
    const y = normalisedConvolution(builder, `${path}.${i}`, padTime(builder, x, window, padding), filters, window, norm);
    x = builder.op("add", [middleOf(builder, `${path}.${i}`, x, y.type.shape[1] as number), y]);
  }
  return x;
}

/**
 * The middle frames of a map.
 * @throws UsageError where as many cannot be left out on both sides
 */
function middleOf(builder: GraphBuilder, path: string, x: Value, frames: number): Value {
  const left = (x.type.shape[1] as number) - frames;
  if (left % 2 !== 0)
    throw new UsageError(
      `${name}: layer ${path} leaves out ${left} frames, which have no middle; with head 'phone' give kernels of an odd number of frames, or an even dilation`,
    );
  const cut = left / 2;
  return cut === 0 ? x : builder.op("slice", [x], { begin: [0, cut, 0, 0], end: [0, -cut, 0, 0], strides: [1, 1, 1, 1] });
}

/** Labels are silence and whatever else, then the phrases; a phrase has what the wide head says and how well its phones fit. */
function phraseLogits(builder: GraphBuilder, body: Value, options: Options, labels: number): Value {
  const wide = dropout(builder, wideHead(builder, body, options), options.dropout);
  const classified = denseLayer(builder, "phrase.classifier", wide, labels);
  const phrases = options.phrases.map((phrase) => phrase.split(" "));
  if (phrases.length === 0) return classified;
  if (phrases.length > labels)
    throw new UsageError(
      `${name}: there are ${phrases.length} phrases and ${labels} labels; give the phones of the labels' phrases`,
    );
  const paths = phrasePaths(builder, "phrase.path", mergeFrequency(builder, body), phrases);
  // Paths hear strangers better, the wide head known voices: neither may leave the work to the other.
  const logits = branchDropout(builder, classified, options.branchDropout);
  const fits = branchDropout(builder, paths, options.branchDropout);
  const others = labels - phrases.length;
  if (others === 0) return builder.op("add", [logits, fits]);
  const none = builder.op("zeros", [fits], { shape: [0, others] });
  return builder.op("add", [logits, builder.op("concat", [none, fits], { axis: 1 })]);
}

/** [B, T, 1, filters] to [B, 2 * headFilters]: the largest and the mean value over time. */
function wideHead(builder: GraphBuilder, body: Value, { headFilters, headKernels, headDilations }: Options): Value {
  requireEqualLengths(name, { headKernels, headDilations });
  let x = normalisedPointwise(builder, "phrase.first", body, headFilters, norm);
  for (const [i, kernel] of headKernels.entries()) {
    const window = { kernel: [kernel, 1], dilations: [headDilations[i] as number, 1], padding: "valid" } as const;
    x = normalisedConvolution(builder, `phrase.${i}`, padTime(builder, x, window, "same"), headFilters, window, norm);
  }
  const over = { axes: [1, 2], keep: false };
  return builder.op("concat", [builder.op("max", [x], over), builder.op("mean", [x], over)], { axis: 1 });
}
