import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { lowerGraph } from "../../src/engine/lower.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { multiplyAccumulates } from "../../src/graph/count.js";
import { type Graph, sizeOf, tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { fuse } from "../../src/passes/fuse.js";
import { fuseProducts } from "../../src/passes/fuse_products.js";
import { simplify } from "../../src/passes/simplify.js";
import { transposedWeights } from "../../src/passes/transposed_weights.js";
import { updateEarly } from "../../src/passes/update_early.js";
import { differentiatedStep } from "../../src/train/step.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? ["native"] : [])] as ("oracle" | "wasm" | "native")[];
const [batch, labels] = [24, 12];

/** Dense layers, of which one is larger than what is read in place, with a rest of rows and columns, and one smaller. */
function model(): Graph {
  const g = new GraphBuilder("layers");
  let x = g.input("features", tensor("f32", [batch, 40]));
  [436, 436, labels].forEach((units, i) => {
    const inner = x.type.shape[1]!;
    x = g.op("dense", [x, g.parameter(`w${i}`, [inner, units], { kind: "zeros" })]);
    if (units !== labels) x = g.op("relu", [x]);
  });
  g.output("logits", x);
  return g.finish();
}

const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const before = fuse(simplify(differentiatedStep(model(), { optimizer })));
const after = transposedWeights(before);

/** All states after two steps. */
async function trained(graph: Graph, target: (typeof targets)[number], threads = 1): Promise<Float32Array[]> {
  const program = await compile(graph, { target, threads });
  const random = new RandomStream(1);
  for (const { name, input } of graph.states)
    if (!name.startsWith("optimizer"))
      program.write(
        name,
        Float32Array.from({ length: sizeOf(input.type.shape) }, () => random.between(-0.1, 0.1)),
      );
  program.write(
    "targets",
    Float32Array.from({ length: batch * labels }, (_, i) => Number(i % labels === Math.floor(i / labels) % labels)),
  );
  program.write("weights", new Float32Array(batch).fill(1));
  program.write("learning_rate", [0.01]);
  for (let step = 1; step <= 2; step++) {
    program.write(
      "features",
      Float32Array.from({ length: batch * 40 }, () => random.normal()),
    );
    program.write("correction1", [1 - optimizer.beta1 ** step]);
    program.write("correction2", [1 - optimizer.beta2 ** step]);
    program.run();
  }
  const list = graph.states.map(({ name }) => Float32Array.from(program.read(name)));
  program.close();
  return list;
}

describe("transposedWeights", () => {
  it("lets products read the weights as they lie", () => {
    verifyGraph(after);
    expect(before.nodes.filter((n) => n.op === "transpose")).toHaveLength(2);
    expect(after.nodes.filter((n) => n.op === "transpose")).toHaveLength(0);
    expect(after.nodes.filter((n) => n.attributes.transposed === true)).toHaveLength(2);
    expect(multiplyAccumulates(after)).toBe(multiplyAccumulates(before));
  });

  it.each(targets)(
    "changes no bit of a training on %s, whose updates are then joined with their gradients on native",
    async (target) => {
      const expected = await trained(before, target);
      expect(await trained(updateEarly(after), target, target === "oracle" ? 1 : 2)).toEqual(expected);
      if (target !== "native") return;
      const plain = await trained(after, "oracle");
      for (const [i, { name }] of after.states.entries()) {
        const differences = plain[i]!.map((value, j) => Math.abs(value - expected[i]![j]!));
        // Where a gradient is nearly nothing, Adam's step has the sign of its rounding.
        const isMoment = name.startsWith("optimizer");
        if (isMoment) expect(Math.max(...differences.subarray(0, 5000))).toBeLessThan(1e-5);
        else expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(1e-6);
      }
    },
  );

  it("is updated behind its last reader: no weight is copied, joined with its gradient or not", () => {
    const width = { lanes: 16, registers: 32 };
    for (const graph of [updateEarly(after), fuseProducts(updateEarly(after))]) {
      const { program } = lowerGraph(graph, width);
      const copies = program.instructions.filter((i) => i.kind === "call" && program.kernels[i.kernel]!.buffers.length === 2);
      const weights = new Set(graph.states.map(({ input }) => sizeOf(input.type.shape)));
      const written = copies.filter((i) => i.kind === "call" && weights.has(program.kernels[i.kernel]!.extent));
      expect(written).toEqual([]);
    }
  });

  it("leaves transposed weights that are needed otherwise, and those that do not change", () => {
    const g = new GraphBuilder("needed");
    const x = g.input("x", tensor("f32", [8, 8]));
    const w = g.state("w", tensor("f32", [8, 8]));
    const turn = (v: typeof w): typeof w => g.op("transpose", [v], { permutation: [1, 0] });
    const turned = turn(w);
    g.output("y", g.op("dense", [x, turned]));
    g.output("turned", turned);
    g.output("z", g.op("dense", [x, turn(g.input("v", tensor("f32", [8, 8])))]));
    g.setState(w, turned);
    const graph = g.finish();
    expect(transposedWeights(graph)).toBe(graph);
  });
});
