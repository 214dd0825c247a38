import { UserError } from "../base/errors.js";
import { compile } from "../engine/compile.js";
import type { TargetName } from "../engine/program.js";
import { retype } from "../graph/retype.js";
import { sizeOf, type Value } from "../graph/types.js";
import type { ValuedGraph } from "../passes/fold.js";
import { observe } from "../passes/observe.js";
import type { Range } from "../passes/quantize_scale.js";
import { type RangeMethod, ValueHistogram } from "./value_histogram.js";

/** Clips that are run at once. */
const group = 16;

/**
 * The ranges that the values of a network take over features.
 * @param model with the one input "features" [1, T, F]
 * @param features shape [count, T, F]
 * @returns ranges of the graph's values and of those inside its scans
 * @throws UserError where there is no clip
 */
export async function calibrate(
  { graph, parameters }: ValuedGraph,
  features: Float32Array,
  method: RangeMethod,
  target: TargetName | "auto" = "auto",
): Promise<Map<Value, Range>> {
  const input = graph.inputs[0]!.value.type.shape;
  const width = sizeOf(input);
  const count = features.length / width;
  if (count < 1) throw new UserError("there is no clip to calibrate with");
  const observed = observe(graph);
  const typed = retype(observed.graph, { inputs: { [graph.inputs[0]!.name]: [group, ...input.slice(1)] } });
  const program = await compile(typed, { target });
  try {
    for (const [name, data] of parameters) program.write(name, data);
    const histograms = [...observed.names].map(([value, name]) => ({ value, name, histogram: new ValueHistogram() }));
    const batch = new Float32Array(group * width);
    for (let from = 0; from < count; from += group) {
      // A short last group is filled with its first clips again.
      for (let i = 0; i < group; i++) {
        const clip = from + (from + i < count ? i : i % (count - from));
        batch.set(features.subarray(clip * width, (clip + 1) * width), i * width);
      }
      for (const { name, value } of typed.states.map((s) => ({ name: s.name, value: s.input })))
        program.write(name, new Float32Array(sizeOf(value.type.shape)));
      program.write(graph.inputs[0]!.name, batch);
      program.run();
      for (const { name, histogram } of histograms) histogram.add(program.read(name));
    }
    return new Map(histograms.map(({ value, histogram }) => [value, histogram.range(method)]));
  } finally {
    program.close();
  }
}
