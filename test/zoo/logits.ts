import { compile } from "../../src/engine/compile.js";
import type { TargetName } from "../../src/engine/program.js";
import { sizeOf } from "../../src/graph/types.js";
import type { ValuedGraph } from "../../src/passes/fold.js";
import { optimize } from "../../src/passes/optimize.js";

/** Logits of a network for one clip, its states at 0; the oracle computes the graph as it is. */
export async function logits({ graph, parameters }: ValuedGraph, clip: Float32Array, target: TargetName): Promise<Float32Array> {
  const program = await compile(target === "oracle" ? graph : optimize(graph), { target });
  for (const [name, data] of parameters) program.write(name, data);
  for (const { name, input } of graph.states)
    program.write(name, new Float32Array(sizeOf(input.type.shape)).fill(input.type.quantization?.zeroPoint[0] ?? 0));
  program.write("features", clip);
  program.run();
  const found = Float32Array.from(program.view("logits"));
  program.close();
  return found;
}
