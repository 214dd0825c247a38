import { type CompileOptions, compile, defaultTarget } from "../../src/engine/compile.js";
import type { Graph } from "../../src/graph/types.js";

/** Targets of this machine. */
export const targets = defaultTarget() === "native" ? (["oracle", "wasm", "native"] as const) : (["oracle", "wasm"] as const);

/** What a graph of one input makes of it. */
export async function runGraph(graph: Graph, x: ArrayLike<number>, target: CompileOptions["target"]): Promise<Float32Array> {
  const program = await compile(graph, { target });
  try {
    const [input, output] = [graph.inputs[0], graph.outputs[0]];
    if (!input || !output) throw new Error("a graph with one input and one output is needed");
    program.write(input.name, x);
    program.run();
    return program.read(output.name).slice();
  } finally {
    program.close();
  }
}
