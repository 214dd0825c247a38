import { UserError } from "../../base/errors.js";
import { bankTables, powerPlaces } from "../../kernels/filterbank.js";
import { type RfftShape, rfftKernel, rfftLanes, rfftPlaces, rfftWorkspace } from "../../kernels/rfft.js";
import { rfftPlan } from "../../kernels/rfft_plan.js";
import { numberOf, textOf } from "../attributes.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { type Attributes, tensor } from "../types.js";
import { framing } from "./frame.js";
import { tableValues } from "./table.js";

/** The attributes of the bank's table, as text in the attribute `bank`. */
function bankOf(attributes: Attributes): Attributes {
  return JSON.parse(textOf(attributes, "bank")) as Attributes;
}

/** Frames of clips, windowed, to bands of their spectra; see passes/fuse_filterbank.ts. */
export const filterbank: OpDefinition = {
  name: "filterbank",
  documentation:
    "x[B, N], window[n] give [B, T, bands]: frames of n samples every `hop`, times the window, the power of their transform of `points` points, its root taken `roots` times, " +
    "times the table of the attribute `bank`. Made from frame, mul, power_spectrum, sqrt and dense before lowering.",
  infer: ([x, window], attributes) => {
    const { frames } = framing(x!.shape[1]!, { length: window!.shape[0]!, hop: attributes.hop! });
    const bands = numberOf(bankOf(attributes), "bands");
    return [tensor(x!.dtype, [x!.shape[0]!, frames, bands])];
  },
  lower: (context) => {
    const { attributes } = context;
    const [x, window] = [context.inputs[0]!, context.inputs[1]!];
    const y = context.outputs[0]!;
    const element = floatOf(x);
    const [batch, count, bands] = y.type.shape as [number, number, number];
    const [points, hop, roots] = ["points", "hop", "roots"].map((name) => numberOf(attributes, name)) as [number, number, number];
    const bank = bankOf(attributes);
    const bins = numberOf(bank, "bins");
    const tables = bankTables(tableValues(bank), bins, bands);
    if (!tables) throw new UserError("the bank has bins of more than two neighbouring bands");
    const rows = batch * count;
    const lanes = rfftLanes(rows, points, context.lanes, element);
    const shape: RfftShape = {
      rows,
      samples: window.type.shape[0]!,
      length: points,
      bins,
      result: "power",
      element,
      lanes,
      frames: { clip: x.type.shape[1]!, count, hop },
      window: true,
      bank: { bands, roots },
    };
    const float = (values: Float64Array) => context.constant(element === "f64" ? values : Float32Array.from(values));
    context.call(`filterbank ${JSON.stringify(shape)}`, () => rfftKernel("filterbank", shape), [
      x,
      float(rfftPlan(points).twiddles),
      context.constant(rfftPlaces(shape)),
      context.workspace(element, rfftWorkspace(shape)),
      y,
      window,
      context.constant(tables.segments),
      float(tables.weights),
      context.constant(powerPlaces(points, bins, lanes)),
    ]);
  },
  multiplyAccumulates: (_, [y], attributes) => {
    const [batch, frames] = y!.shape as [number, number];
    const points = numberOf(attributes, "points");
    return batch * frames * (points * Math.log2(points) + 2 * numberOf(bankOf(attributes), "bins"));
  },
};
