import { compile, defaultTarget } from "../../src/engine/compile.js";
import type { TargetName } from "../../src/engine/program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { differentiate } from "../../src/passes/autodiff.js";
import { optimize } from "../../src/passes/optimize.js";
import { expressions } from "./express_op.js";
import { type GoldenCase, relativeDifference, tensorOf } from "./read_golden.js";

/** Targets of this machine. */
export const targets: readonly TargetName[] = defaultTarget() === "native" ? ["oracle", "wasm", "native"] : ["oracle", "wasm"];

/** Adds a case with its gradients to the builder; tensors are named `<case>/<tensor>`, gradients `<case>/d <input>`. */
function addCase(g: GraphBuilder, c: GoldenCase): void {
  const inputs = new Map<string, Value>();
  const input = (name: string): Value => {
    const known = inputs.get(name);
    if (known) return known;
    const value = g.input(`${c.name}/${name}`, tensor("f32", tensorOf(c.inputs, name).shape));
    inputs.set(name, value);
    return value;
  };
  const first = g.nodes.length;
  const outputs = (expressions[c.attributes["op"] as string] as (typeof expressions)[string])(g, c, input);
  for (const [name, value] of Object.entries(outputs)) g.output(`${c.name}/${name}`, value);
  if (c.gradients.size === 0) return;
  const upstream = (name: string): Value =>
    g.input(`${c.name}/upstream ${name}`, tensor("f32", tensorOf(c.upstream, name).shape));
  const seeds = new Map([...c.upstream.keys()].map((name) => [outputs[name] as Value, upstream(name)]));
  const wanted = [...c.gradients.keys()];
  const found = differentiate(g, { nodes: g.nodes.slice(first), seeds, wanted: wanted.map(input) });
  for (const name of wanted) g.output(`${c.name}/d ${name}`, found.get(input(name)) as Value);
}

/** All cases in one graph: one compilation for each target. */
function graphOf(cases: readonly GoldenCase[]): Graph {
  const g = new GraphBuilder("golden");
  for (const c of cases) addCase(g, c);
  return g.finish();
}

/** Largest relative difference of a case's outputs and gradients on a target. */
export interface Difference {
  readonly outputs: number;
  readonly gradients?: number;
}

/**
 * Runs the cases on a target, whose results are compared with the golden ones. The oracle computes the graph as differentiation
 * leaves it, the others as the passes make it for training.
 */
export async function runCases(cases: readonly GoldenCase[], target: TargetName): Promise<Map<string, Difference>> {
  const graph = graphOf(cases);
  const program = await compile(target === "oracle" ? graph : optimize(graph), { target });
  const named = new Set(program.names);
  const write = (name: string, values: ArrayLike<number>): void => {
    if (named.has(name)) program.write(name, values);
  };
  const differences = new Map<string, Difference>();
  for (const c of cases) {
    for (const [name, { values }] of c.inputs) write(`${c.name}/${name}`, values);
    for (const [name, { values }] of c.upstream) write(`${c.name}/upstream ${name}`, values);
  }
  program.run();
  for (const c of cases) {
    const most = (tensors: GoldenCase["outputs"], prefix: string): number =>
      Math.max(
        ...[...tensors].map(([name, { values }]) => relativeDifference(program.read(`${c.name}/${prefix}${name}`), values)),
      );
    const outputs = most(c.outputs, "");
    differences.set(c.name, c.gradients.size > 0 ? { outputs, gradients: most(c.gradients, "d ") } : { outputs });
  }
  program.close();
  return differences;
}
