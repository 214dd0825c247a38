import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { phrasePathCell, unreached } from "../cells/phrase_path.js";
import { channelsOf } from "./channels.js";

/** Phones of the CMU set, silence first, in the order in which a body names them. */
export const bodyPhones: readonly string[] =
  "sil aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh".split(" ");

/** Limits of what a frame's fit to a phone counts. */
const fitLimits = { low: -6, high: 1 };
/** What the frames of a phone count besides the one that fits best when it is entered. */
const stayShare = 0.05;

/**
 * How well phrases fit a clip, by the best path through their phones: [B, T, C] to [B, phrases], 1.5 where all fits and falling with what
 * does not. A frame's fit to a phone is what the body says of the phone against the one that it finds likeliest, moved by what training adds.
 * Parameters: `phones.kernel` [C, phones] and `phones.bias` of the body; `path.kernel` [C, phones of all phrases] and `path.bias`, zero at
 * first; `path.scale` and `path.offset` [phrases].
 * @param phrases phones of each
 */
export function phrasePaths(builder: GraphBuilder, path: string, body: Value, phrases: readonly (readonly string[])[]): Value {
  const wanted = phrases.flat();
  const phones = dense(builder, "phones", body, bodyPhones.length);
  const likeliest = builder.op("max", [phones], { axes: [2], keep: true });
  const kernel = builder.parameter(`${path}.kernel`, [channelsOf(body), wanted.length], { kind: "zeros" });
  const bias = builder.parameter(`${path}.bias`, [wanted.length], { kind: "zeros" });
  const moved = builder.op("add", [builder.op("dense", [body, kernel]), bias]);
  const ratio = builder.op("sub", [builder.op("add", [columnsOf(builder, phones, wanted), moved]), likeliest]);
  const fits = builder.op("clamp", [ratio], fitLimits);
  const ended = pathScores(builder, fits, phrases);
  const best = builder.op("affine", [builder.op("max", [ended], { axes: [0], keep: false })], { scale: 1, offset: -unreached });
  const scale = builder.parameter(`${path}.scale`, [phrases.length], { kind: "constant", value: 0.25 });
  const offset = builder.parameter(`${path}.offset`, [phrases.length], { kind: "constant", value: 1.5 });
  return builder.op("add", [builder.op("mul", [best, scale]), offset]);
}

/** Score of the best path that ends at each frame: [B, T, phones] to [T, B, phrases]. */
function pathScores(builder: GraphBuilder, fits: Value, phrases: readonly (readonly string[])[]): Value {
  const [batch, , width] = fits.type.shape as [number, number, number];
  const scores = builder.op("zeros", [fits], { shape: [0, width] });
  const timeMajor = builder.op("transpose", [fits], { permutation: [1, 0, 2] });
  const stays = builder.op("affine", [builder.op("clamp", [timeMajor], { low: fitLimits.low, high: 0 })], {
    scale: stayShare,
    offset: 0,
  });
  const lengths = phrases.map(({ length }) => length);
  const results = builder.apply(
    "scan",
    [scores, timeMajor, stays],
    { states: 1, sequences: 2, reverse: false },
    phrasePathCell(batch, lengths),
  );
  return results[1] as Value;
}

function dense(builder: GraphBuilder, path: string, x: Value, width: number): Value {
  const channels = channelsOf(x);
  const kernel = builder.parameter(`${path}.kernel`, [channels, width], {
    kind: "glorot_uniform",
    fanIn: channels,
    fanOut: width,
  });
  return builder.op("add", [builder.op("dense", [x, kernel]), builder.parameter(`${path}.bias`, [width], { kind: "zeros" })]);
}

/** The column of each phone: [B, T, phones] to [B, T, wanted]. */
function columnsOf(builder: GraphBuilder, phones: Value, wanted: readonly string[]): Value {
  const column = (phone: string): Value => {
    const at = bodyPhones.indexOf(phone);
    return builder.op("slice", [phones], { begin: [0, 0, at], end: [toEnd, toEnd, at + 1], strides: [1, 1, 1] });
  };
  const columns = new Map([...new Set(wanted)].map((phone) => [phone, column(phone)]));
  const parts = wanted.map((phone) => columns.get(phone) as Value);
  return parts.length === 1 ? (parts[0] as Value) : builder.op("concat", parts, { axis: 2 });
}

/** "To the end" of an axis, for slice. */
const toEnd = 2 ** 31 - 1;
