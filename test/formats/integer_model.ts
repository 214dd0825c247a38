import { RandomStream } from "../../src/base/random.js";
import type { Model } from "../../src/formats/model.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";

/** A model in integers, its ranges from four clips of noise. */
export async function inIntegers(model: Model): Promise<Model> {
  const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
  const [, frames, bins] = model.graph.inputs[0].value.type.shape as [number, number, number];
  const random = new RandomStream(3);
  const clips = Float32Array.from({ length: 4 * frames * bins }, () => random.between(-2, 2));
  const ranges = await calibrate(ready, clips, "minmax", "wasm");
  const { graph, parameters } = quantizeGraph(ready, ranges, {});
  return { ...model, graph, parameters };
}
