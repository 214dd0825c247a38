import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? (["native"] as const) : [])] as const;
const count = 4096;

/** Products of 2^-100 and the factor on all threads. */
async function products(options: Parameters<typeof compile>[1], factor: number): Promise<Set<number>> {
  const builder = new GraphBuilder("small");
  const [x, y] = ["x", "y"].map((name) => builder.input(name, tensor("f32", [64, count / 64])));
  builder.output("product", builder.op("mul", [x, y]));
  const program = await compile(builder.finish(), options);
  program.write("x", new Float32Array(count).fill(2 ** -100));
  program.write("y", new Float32Array(count).fill(factor));
  program.run();
  const found = new Set<number>(program.read("product") as Float32Array);
  program.close();
  return found;
}

/** A number and what is none, a quarter of them in every step: [70, 2]. */
async function fading(options: Parameters<typeof compile>[1]): Promise<number[][]> {
  const type = tensor("f32", [1, 2]);
  const cell = new GraphBuilder("cell");
  const next = cell.op("mul", [cell.input("s", type), cell.input("x", type)]);
  cell.output("next", next);
  cell.output("result", next);
  const g = new GraphBuilder("scan");
  const inputs = [g.input("first", type), g.input("factors", tensor("f32", [70, 1, 2]))];
  const [, results] = g.apply("scan", inputs, { states: 1, sequences: 1, reverse: false }, cell.finish());
  g.output("results", results);
  const program = await compile(g.finish(), options);
  program.write("first", [1, Number.NaN]);
  program.write("factors", new Float32Array(140).fill(0.25));
  program.run();
  const y = Array.from({ length: 70 }, (_, i) => [...program.read("results").subarray(2 * i, 2 * i + 2)] as number[]);
  program.close();
  return y;
}

describe("numbers below 2^-126", () => {
  it.each(targets)("lose precision step by step where nothing else is said: %s", async (target) => {
    expect(await products({ target }, 2 ** -40)).toEqual(new Set([2 ** -140]));
  });

  const least = { oracle: 0, native: 2 ** -126, wasm: 2 ** -110 };

  for (const target of targets)
    for (const flushesUnderflow of [false, true])
      it(`of a state that fades: ${flushesUnderflow ? "zeros" : "kept"}, ${target}; what is no number stays`, async () => {
        const y = await fading({ target, flushesUnderflow });
        y.forEach(([faded, lost], step) => {
          const wanted = 2 ** (-2 * (step + 1));
          expect(faded, `step ${step}`).toBe(flushesUnderflow && wanted < least[target] ? 0 : wanted);
          expect(lost).toBeNaN();
        });
      });

  for (const threads of nativeCompiler() ? [1, 2] : [])
    it(`are zeros where they may be, native, ${threads} threads, and JavaScript keeps its own`, async () => {
      const options = { target: "native", threads, flushesUnderflow: true } as const;
      expect(await products(options, 2 ** -40)).toEqual(new Set([0]));
      expect(await products(options, 2 ** -26)).toEqual(new Set([2 ** -126]));
      expect(Math.fround(2 ** -140) * 2 ** 20).toBe(2 ** -120);
      expect(Number.MIN_VALUE * (threads + 1)).toBeGreaterThan(0);
    });
});
