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

describe("numbers below 2^-126", () => {
  it.each(targets)("lose precision step by step where nothing else is said: %s", async (target) => {
    expect(await products({ target }, 2 ** -40)).toEqual(new Set([2 ** -140]));
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
