import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor } from "../../src/graph/types.js";
import { gruLayer } from "../../src/zoo/blocks/gru.js";
import { type GoldenTensor, goldenCase } from "./golden.js";

const originals = ["ops_tensorflow", "ops_torch"] as const;
const targets = ["oracle", "wasm"] as const;
const weights = { kernel: "kernel", bias: "bias", recurrentKernel: "recurrent_kernel", recurrentBias: "recurrent_bias" } as const;

function layer(x: GoldenTensor, units: number, sequence: boolean, stateful: boolean): Graph {
  const builder = new GraphBuilder("layer");
  const y = gruLayer(builder, "gru", builder.input("x", tensor("f32", x.shape)), { units, sequence, stateful });
  builder.output("y", y);
  return builder.finish();
}

async function prepared(graph: Graph, inputs: Record<string, GoldenTensor>, target: (typeof targets)[number]) {
  const program = await compile(graph, { target });
  for (const [name, path] of Object.entries(weights)) program.write(`gru.${path}`, (inputs[name] as GoldenTensor).values);
  program.write("x", (inputs.x as GoldenTensor).values);
  return program;
}

function largestDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(found.length).toBe(wanted.length);
  return Math.max(...Array.from(wanted, (w, i) => Math.abs(w - (found[i] as number))));
}

/** y[:, t] of [B, T, units]. */
function frame(y: GoldenTensor, t: number): Float32Array {
  const [batch, frames, units] = y.shape as [number, number, number];
  return Float32Array.from(
    { length: batch * units },
    (_, i) => y.values[(Math.floor(i / units) * frames + t) * units + (i % units)] as number,
  );
}

describe.each(originals)("GRU layer against %s", (file) => {
  describe.each(targets)("on %s", (target) => {
    it("gives all outputs from a state of zeros, to 1e-6", async () => {
      const { inputs, outputs } = goldenCase(file, "gru_zero_state");
      const program = await prepared(layer(inputs.x as GoldenTensor, 6, true, false), inputs, target);
      program.run();
      program.run();
      expect(largestDifference(program.read("y"), (outputs.y as GoldenTensor).values)).toBeLessThan(1e-6);
      program.close();
    });

    it("gives the last output", async () => {
      const { inputs, outputs } = goldenCase(file, "gru_zero_state");
      const program = await prepared(layer(inputs.x as GoldenTensor, 6, false, false), inputs, target);
      program.run();
      expect(largestDifference(program.read("y"), frame(outputs.y as GoldenTensor, 6))).toBeLessThan(1e-6);
      program.close();
    });

    it("goes on from a given state and leaves its last output as the next", async () => {
      const { inputs, outputs } = goldenCase(file, "gru_given_state");
      const program = await prepared(layer(inputs.x as GoldenTensor, 6, true, true), inputs, target);
      program.write("gru.state", (inputs.h0 as GoldenTensor).values);
      program.run();
      expect(largestDifference(program.read("y"), (outputs.y as GoldenTensor).values)).toBeLessThan(1e-6);
      expect(largestDifference(program.read("gru.state"), frame(outputs.y as GoldenTensor, 6))).toBeLessThan(1e-6);
      program.run();
      expect(largestDifference(program.read("y"), (outputs.y as GoldenTensor).values)).toBeGreaterThan(1e-3);
      program.close();
    });
  });
});
