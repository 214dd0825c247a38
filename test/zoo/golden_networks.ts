import { beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import type { CompiledProgram, TargetName } from "../../src/engine/program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { retype } from "../../src/graph/retype.js";
import { type Graph, sizeOf, type TensorType, type Value } from "../../src/graph/types.js";
import { differentiate } from "../../src/passes/autodiff.js";
import { optimize } from "../../src/passes/optimize.js";
import { buildModel } from "../../src/zoo/index.js";
import { targets } from "../golden/op_cases.js";
import { type GoldenCase, readGolden, relativeDifference, tensorOf } from "../golden/read_golden.js";

/** Largest difference of logits and gradients allowed, as a part of the largest value. */
const tolerance = 2e-5;

interface Attributes {
  readonly network: string;
  readonly options: Record<string, unknown>;
  readonly frames: number;
  readonly features: number;
  readonly labels: number;
  /** Of each parameter's gradient: its product with numbers drawn by name, and its sum of squares. */
  readonly gradients: Record<string, [probe: number, squares: number]>;
}

/** Those of kws_streaming stand without their family in its file. */
function attributesOf(c: GoldenCase): Attributes {
  const attributes = c.attributes as unknown as Attributes;
  return {
    ...attributes,
    network: attributes.network.includes("/") ? attributes.network : `kws_streaming/${attributes.network}`,
  };
}

/** As drawn() in tools/golden/kws_layers.py. */
function drawn(name: string, count: number): Float64Array {
  let state = 2166136261;
  for (const byte of Buffer.from(name)) state = Math.imul(state ^ byte, 16777619) >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** As weight() in tools/golden/kws_layers.py. */
function weightOf(name: string, { shape }: TensorType): Float32Array {
  const kind = name.replace(/^.*\./, "");
  const values = drawn(name, sizeOf(shape));
  const isDepthwise = shape.length === 4 && /\.(depthwise|frequency|time)\./.test(name);
  const fan = sizeOf(isDepthwise ? shape.slice(0, 2) : shape.slice(0, -1));
  const scaled = (u: number): number => {
    if (kind === "gamma" || kind === "variance") return 1 + 0.4 * u;
    return shape.length === 1 ? 0.3 * u : u * Math.sqrt(3 / fan);
  };
  return Float32Array.from(values, scaled);
}

/** Adds a case's network for two clips with all gradients; names begin with that of the case. */
function addCase(g: GraphBuilder, c: GoldenCase): void {
  const { network, options, frames, features, labels, gradients } = attributesOf(c);
  const model = retype(buildModel(network, options, { frames, features, labels }), {
    inputs: { features: [2, frames, features] },
  });
  const values = new Map<Value, Value>();
  const named = new Map<string, Value>();
  for (const { name, value } of [...model.inputs, ...model.parameters]) {
    const input = g.input(`${c.name}/${name}`, value.type);
    values.set(value, input);
    named.set(name, input);
  }
  const first = g.nodes.length;
  for (const node of model.nodes) {
    const outputs = g.apply(
      node.op,
      node.inputs.map((v) => values.get(v) as Value),
      node.attributes,
      node.body,
    );
    node.outputs.forEach((v, i) => values.set(v, outputs[i] as Value));
  }
  const logits = values.get(model.outputs[0]?.value as Value) as Value;
  g.output(`${c.name}/logits`, logits);
  const seeds = new Map([[logits, g.input(`${c.name}/upstream`, logits.type)]]);
  const wanted = ["features", ...Object.keys(gradients)];
  const found = differentiate(g, { nodes: g.nodes.slice(first), seeds, wanted: wanted.map((name) => named.get(name) as Value) });
  for (const name of wanted) g.output(`${c.name}/d ${name}`, found.get(named.get(name) as Value) as Value);
}

function graphOf(cases: readonly GoldenCase[]): Graph {
  const g = new GraphBuilder("golden");
  for (const c of cases) addCase(g, c);
  return g.finish();
}

/**
 * Compares the networks of a golden file, with all their gradients.
 * @param native cases that native code is compiled for: the C compiler takes its time, so it sees what has the most kinds of nodes
 */
export function compareNetworks(file: string, native: readonly string[]): void {
  const { source, cases } = readGolden(file);
  const all = [...cases.values()];
  const compiled = all.filter((c) => native.includes(c.name));

  describe.each(targets)(`networks of ${file} against ${source} on %s`, (target: TargetName) => {
    const compared = target === "native" ? compiled : all;
    let program: CompiledProgram;
    beforeAll(async () => {
      const graph = graphOf(compared);
      program = await compile(target === "oracle" ? graph : optimize(graph), { target });
      for (const { name, value } of graph.inputs) {
        const [testCase, ...rest] = name.split("/") as [string, ...string[]];
        const c = cases.get(testCase) as GoldenCase;
        const given = rest[0] === "features" ? c.inputs.get("features") : c.upstream.get("logits");
        const isWeight = rest[0] !== "features" && rest[0] !== "upstream";
        program.write(name, isWeight ? weightOf(rest.join("/"), value.type) : (given?.values as Float64Array));
      }
      program.run();
    });

    it.each(compared.map((c) => [c.name, c] as const))("%s", (name, c) => {
      expect(relativeDifference(program.read(`${name}/logits`), tensorOf(c.outputs, "logits").values)).toBeLessThan(tolerance);
      const gradient = program.read(`${name}/d features`);
      expect(relativeDifference(gradient, tensorOf(c.gradients, "features").values)).toBeLessThan(tolerance);
      for (const [parameter, [probe, squares]] of Object.entries(attributesOf(c).gradients)) {
        const found = program.read(`${name}/d ${parameter}`);
        const probes = drawn(`${parameter} probe`, found.length);
        const norm = Math.sqrt(squares);
        const product = found.reduce((sum, x, i) => sum + x * (probes[i] as number), 0);
        const own = Math.sqrt(found.reduce((sum, x) => sum + x * x, 0));
        // A product with numbers in [-1, 1) is of the order of the norm.
        expect(Math.abs(product - probe), `product of ${parameter}`).toBeLessThan(5 * tolerance * norm + 1e-7);
        expect(Math.abs(own - norm), `norm of ${parameter}`).toBeLessThan(tolerance * norm + 1e-7);
      }
    });
  });

  it(`${file} has every trainable parameter of its networks`, () => {
    for (const c of all) {
      const { network, options, frames, features, labels, gradients } = attributesOf(c);
      const model = buildModel(network, options, { frames, features, labels });
      const trainable = model.parameters.filter((p) => p.trainable).map((p) => p.name);
      expect(Object.keys(gradients).toSorted()).toEqual(trainable.toSorted());
    }
  });
}
