import { compile } from "../../src/engine/compile.js";
import type { TargetName } from "../../src/engine/program.js";
import type { Graph, ParameterData } from "../../src/graph/types.js";

/** Outputs of a graph by name, computed by the JavaScript oracle unless another target is named. */
export async function runGraph(
  graph: Graph,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  parameters: ReadonlyMap<string, ParameterData> = new Map(),
  target: TargetName = "oracle",
): Promise<Map<string, Float32Array>> {
  const program = await compile(graph, { target });
  for (const [name, values] of parameters) program.write(name, values);
  for (const [name, values] of Object.entries(inputs)) program.write(name, values);
  program.run();
  const outputs = new Map(graph.outputs.map(({ name }) => [name, program.read(name).slice()]));
  program.close();
  return outputs;
}

/** Largest difference of two arrays relative to the largest value of the second. */
export function relativeDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) return Infinity;
  let scale = 1e-30;
  let difference = 0;
  for (let i = 0; i < wanted.length; i++) {
    scale = Math.max(scale, Math.abs(wanted[i]));
    const here = Math.abs(found[i] - wanted[i]);
    difference = here > difference || Number.isNaN(here) ? here : difference;
  }
  return difference / scale;
}
