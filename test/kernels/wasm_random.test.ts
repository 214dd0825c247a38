import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KernelBuilder } from "../../src/kernels/kernel_builder.js";
import {
  add,
  type BinaryOperator,
  binary,
  bits,
  constant,
  convert,
  type Expression,
  type Kernel,
  max,
  min,
  mul,
  select,
  type UnaryOperator,
  unary,
} from "../../src/kernels/language.js";
import { difference, fillValues, runJavaScript } from "./kernel_runner.js";
import { type Lanes } from "./language_case.js";
import { relaxedSettings, runWasm } from "./wasm_harness.js";

type Leaves = Record<"f32" | "i32", Expression[]>;
/** A random expression, not yet bound to a number of lanes. */
type Recipe = (k: KernelBuilder, leaves: Leaves, lanes: number) => Expression;

function clamped(e: Expression): Expression {
  return max(min(e, 1e6), -1e6);
}

function recipes(): { f32: fc.Arbitrary<Recipe>; i32: fc.Arbitrary<Recipe> } {
  const leaf = (type: "f32" | "i32", value: fc.Arbitrary<number>): fc.Arbitrary<Recipe> =>
    fc.oneof(
      fc.nat(1).map(
        (i): Recipe =>
          (_, leaves) =>
            leaves[type][i] as Expression,
      ),
      value.map(
        (v): Recipe =>
          (_, __, lanes) =>
            constant(type, v, lanes),
      ),
    );
  return fc.letrec<{ f32: Recipe; i32: Recipe; mask: Recipe }>((tie) => {
    const pair = (type: "f32" | "i32", operators: BinaryOperator[]): fc.Arbitrary<Recipe> =>
      fc.tuple(fc.constantFrom(...operators), tie(type), tie(type)).map(([operator, a, b]): Recipe => {
        return (k, x, lanes) => binary(operator, a(k, x, lanes), b(k, x, lanes));
      });
    const choice = (type: "f32" | "i32"): fc.Arbitrary<Recipe> =>
      fc.tuple(tie("mask"), tie(type), tie(type)).map(([m, a, b]): Recipe => {
        return (k, x, lanes) => select(m(k, x, lanes), a(k, x, lanes), b(k, x, lanes));
      });
    const named = (type: "f32" | "i32"): fc.Arbitrary<Recipe> =>
      tie(type).map((a): Recipe => {
        return (k, x, lanes) => {
          const v = k.let(a(k, x, lanes));
          return binary(type === "f32" ? "mul" : "xor", v, v);
        };
      });
    const single = fc.tuple(fc.constantFrom<UnaryOperator>("neg", "abs", "sqrt", "floor", "ceil", "nearest"), tie("f32"));
    const shift = fc.tuple(fc.constantFrom<BinaryOperator>("shl", "shr", "shru"), tie("i32"), fc.nat(31));
    const compare = fc.constantFrom<BinaryOperator>("lt", "le", "gt", "ge", "eq", "ne");
    return {
      f32: fc.oneof(
        { maxDepth: 5, depthSize: "medium" },
        leaf("f32", fc.float({ noNaN: true, min: -100, max: 100 })),
        pair("f32", ["add", "sub", "mul", "div", "min", "max"]),
        choice("f32"),
        named("f32"),
        // Zeros that rounding to the nearest gives are made positive: the language leaves their sign open.
        single.map(([operator, a]): Recipe => {
          return (k, x, lanes) => {
            const value = unary(operator, a(k, x, lanes));
            return operator === "nearest" ? add(value, 0) : value;
          };
        }),
        tie("i32").map(
          (a): Recipe =>
            (k, x, lanes) =>
              convert(a(k, x, lanes), "f32"),
        ),
        tie("i32").map(
          (a): Recipe =>
            (k, x, lanes) =>
              bits(a(k, x, lanes), "f32"),
        ),
      ),
      i32: fc.oneof(
        { maxDepth: 5, depthSize: "medium" },
        leaf("i32", fc.integer()),
        pair("i32", ["wrap_add", "wrap_mul", "min", "max", "and", "or", "xor"]),
        choice("i32"),
        named("i32"),
        shift.map(
          ([operator, a, count]): Recipe =>
            (k, x, lanes) =>
              binary(operator, a(k, x, lanes), count),
        ),
        tie("f32").map(
          (a): Recipe =>
            (k, x, lanes) =>
              convert(clamped(a(k, x, lanes)), "i32"),
        ),
        // The bits of a NaN are open, so only those of numbers are looked at.
        tie("f32").map(
          (a): Recipe =>
            (k, x, lanes) =>
              bits(clamped(a(k, x, lanes)), "i32"),
        ),
      ),
      mask: fc.oneof(
        { maxDepth: 4, depthSize: "small" },
        fc.tuple(compare, tie("f32"), tie("f32")).map(([operator, a, b]): Recipe => {
          return (k, x, lanes) => binary(operator, a(k, x, lanes), b(k, x, lanes));
        }),
        fc.tuple(compare, tie("i32"), tie("i32")).map(([operator, a, b]): Recipe => {
          return (k, x, lanes) => binary(operator, a(k, x, lanes), b(k, x, lanes));
        }),
        fc.tuple(fc.constantFrom<BinaryOperator>("and", "or"), tie("mask"), tie("mask")).map(([operator, a, b]): Recipe => {
          return (k, x, lanes) => binary(operator, a(k, x, lanes), b(k, x, lanes));
        }),
        tie("mask").map(
          (a): Recipe =>
            (k, x, lanes) =>
              unary("not", a(k, x, lanes)),
        ),
      ),
    };
  });
}

function expressionKernel(f: Recipe, i: Recipe, lanes: number): Kernel {
  const k = new KernelBuilder("random");
  const x = k.buffer("x", "f32");
  const y = k.buffer("y", "f32");
  const n = k.buffer("n", "i32");
  const m = k.buffer("m", "i8");
  const of = k.buffer("f", "f32", true);
  const oi = k.buffer("i", "i32", true);
  k.parallel(48 / lanes, (p) => {
    const at = mul(p, lanes);
    const leaves: Leaves = {
      f32: [k.load(x, at, lanes), k.load(y, at, lanes)],
      i32: [k.load(n, at, lanes), k.load(m, at, lanes)],
    };
    k.store(of, at, f(k, leaves, lanes));
    k.store(oi, at, i(k, leaves, lanes));
  });
  return k.finish();
}

interface LoopPlan {
  readonly coefficients: readonly number[];
  readonly constant: number;
  readonly named: boolean;
}

/** Three nested loops that sum loads at sums of multiples of the loop variables, some of them through named values. */
function indexKernel(turns: readonly number[], steps: readonly number[], plans: readonly LoopPlan[], lanes: Lanes): Kernel {
  const k = new KernelBuilder("indices");
  const x = k.buffer("x", "i32");
  const o = k.buffer("o", "i32", true);
  const n = lanes("i32");
  k.parallel(3, (p) => {
    const total = k.mutable(constant("i32", 0, n));
    const weigh = (i: Expression, j: Expression): void => {
      for (const plan of plans) {
        const [a = 0, b = 0, c = 0] = plan.coefficients;
        const least = Math.min(0, a * 2) + Math.min(0, b * (turns[0] as number)) + Math.min(0, c * (turns[1] as number));
        const row = add(mul(p, a), mul(i, b));
        const at = add(add(plan.named ? k.let(row) : row, mul(j, c)), plan.constant - least);
        k.assign(total, binary("wrap_add", binary("wrap_mul", total, 31), k.load(x, plan.named ? k.let(at) : at, n)));
      }
    };
    k.for(0, turns[0] as number, steps[0] as number, (i) => {
      k.for(0, turns[1] as number, steps[1] as number, (j) => weigh(i, j));
      k.store(o, mul(p, 16), total);
    });
  });
  return k.finish();
}

describe.each(relaxedSettings)("random kernels, relaxed %s", (relaxed) => {
  it("expressions have the same bits as in JavaScript", () => {
    const { f32, i32 } = recipes();
    fc.assert(
      fc.property(f32, i32, (f, i) => {
        const expected = runJavaScript(expressionKernel(f, i, 1), 48);
        expect(difference(expected, runWasm(expressionKernel(f, i, 4), 48, relaxed), 0)).toBeUndefined();
        expect(difference(expected, runWasm(expressionKernel(f, i, 1), 48, relaxed), 0)).toBeUndefined();
      }),
      { numRuns: 150, seed: 20 },
    );
  });

  it("indices reach the same elements as in JavaScript", () => {
    const plan = fc.record({
      coefficients: fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 3, maxLength: 3 }),
      constant: fc.oneof(fc.nat(40), fc.integer({ min: 16000, max: 17000 })),
      named: fc.boolean(),
    });
    const sizes = fc.tuple(fc.nat(7), fc.nat(7));
    const steps = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(sizes, steps, fc.array(plan, { minLength: 1, maxLength: 9 }), (turns, step, plans) => {
        const length = 32 * 1024;
        const expected = runJavaScript(
          indexKernel(turns, step, plans, () => 1),
          length,
        );
        const got = runWasm(
          indexKernel(turns, step, plans, () => 4),
          length,
          relaxed,
        );
        for (const at of [0, 16, 32]) expect((got[1] as Int32Array)[at]).toBe((expected[1] as Int32Array)[at]);
      }),
      { numRuns: 60, seed: 21 },
    );
  });

  // A row found in memory may lie before the buffer while row + constant lies inside. The buffer is the first in memory.
  it.each([1, 16, 4096, 16384, 20000, 70000])("a row of -%i elements plus as many never traps", (stride) => {
    const build = (lanes: number, isMutable: boolean): Kernel => {
      const k = new KernelBuilder("rows");
      const x = k.buffer("x", "f32");
      const rows = k.buffer("rows", "i32");
      const o = k.buffer("o", "f32", true);
      k.parallel(2, (p) => {
        const row = isMutable ? k.mutable(k.load(rows, p)) : k.let(k.load(rows, p));
        k.for(0, 16, lanes, (j) => k.store(o, add(mul(p, 16), j), k.load(x, add(add(row, stride), j), lanes)));
      });
      return k.finish();
    };
    const fill: typeof fillValues = (element, index, length) =>
      element === "i32" ? Int32Array.from({ length }, (_, i) => i - stride) : fillValues(element, index, length);
    for (const isMutable of [false, true]) {
      const expected = runJavaScript(build(1, isMutable), 64, fill);
      expect(difference(expected, runWasm(build(4, isMutable), 64, relaxed, fill), 0)).toBeUndefined();
    }
  });
});
