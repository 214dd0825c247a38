import { KernelBuilder } from "../../src/kernels/kernel_builder.js";
import {
  add,
  type BinaryOperator,
  binary,
  bits,
  computeType,
  constant,
  convert,
  div,
  type ElementType,
  type Expression,
  fma,
  horizontal,
  max,
  min,
  mul,
  rem,
  select,
  sub,
  type UnaryOperator,
  unary,
} from "../../src/kernels/language.js";
import { transposed } from "../../src/kernels/vectors.js";

import { type LanguageCase, overElements } from "./language_case.js";
import { loopCases } from "./loop_cases.js";

/*
 * Small kernels, one for each kind of expression and statement of the loop language. Every printer has to give what
 * the JavaScript printing with one lane gives.
 */

const special = [0, -0, 0.5, -0.5, 1.5, 2.5, -1.5, 1e-40, -3.7, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];

const cases: LanguageCase[] = [];

function define(name: string, tolerance: number, build: LanguageCase["build"], length = 48): void {
  cases.push({ name, length, tolerance, build });
}

function element(type: "f32" | "f64" | "i32"): ElementType {
  return type;
}

/** out[i] = f(x[i], y[i]) with vectors and once more with scalars. */
function defineMap(
  name: string,
  type: "f32" | "f64" | "i32",
  out: ElementType,
  f: (x: Expression, y: Expression, k: KernelBuilder) => Expression,
  tolerance = 0,
): void {
  for (const vector of [true, false]) {
    define(`${name} (${vector ? "vector" : "scalar"})`, tolerance, (k, lanes) => {
      const x = k.buffer("x", element(type));
      const y = k.buffer("y", element(type));
      const o = k.buffer("o", out, true);
      const n = vector ? lanes(type) : 1;
      overElements(k, n, (i) => k.store(o, i, f(k.load(x, i, n), k.load(y, i, n), k)));
    });
  }
}

/** Replaces some of the values of a float by NaN, infinities, zeros of both signs and ties of rounding. */
function withSpecials(x: Expression, y: Expression): Expression {
  const lanes = x.lanes;
  return special.reduce<Expression>((value, s, i) => {
    const low = constant(x.type, -4 + i * 0.5, lanes);
    const inside = binary("and", binary("ge", y, low), binary("lt", y, add(low, 0.25)));
    return select(inside, constant(x.type, s, lanes), value);
  }, x);
}

for (const from of ["f32", "f64", "i32", "i16", "i8", "u8"] as const) {
  for (const to of ["f32", "f64", "i32", "i16", "i8", "u8"] as const) {
    if (computeType(from) !== computeType(to)) continue;
    for (const vector of [true, false]) {
      define(`copy ${from} to ${to} (${vector ? "vector" : "scalar"})`, 0, (k, lanes) => {
        const x = k.buffer("x", from);
        const o = k.buffer("o", to, true);
        const n = vector ? lanes(computeType(from)) : 1;
        overElements(k, n, (i) => k.store(o, i, k.load(x, i, n)));
      });
    }
  }
}

for (const type of ["f32", "f64"] as const) {
  for (const operator of ["neg", "abs", "sqrt", "floor", "ceil"] as UnaryOperator[])
    defineMap(`${operator} ${type}`, type, type, (x, y) => unary(operator, withSpecials(x, y)));
  // The sign of a zero that nearest gives is not compared.
  defineMap(`nearest ${type}`, type, type, (x, y) => add(unary("nearest", withSpecials(x, y)), 0));
  for (const operator of ["add", "sub", "mul", "div", "min", "max"] as BinaryOperator[])
    defineMap(`${operator} ${type}`, type, type, (x, y) => binary(operator, withSpecials(x, y), withSpecials(y, x)));
  for (const operator of ["lt", "le", "gt", "ge", "eq", "ne"] as BinaryOperator[])
    defineMap(`${operator} ${type}`, type, type, (x, y) =>
      select(binary(operator, withSpecials(x, y), withSpecials(y, x)), x, 7),
    );
  defineMap(`fma ${type}`, type, type, (x, y) => fma(x, y, sub(x, 0.3)), 1e-5);
  defineMap(`masks ${type}`, type, type, (x, y) => {
    const both = binary("and", binary("lt", x, y), unary("not", binary("gt", x, constant(type, 0, x.lanes))));
    return select(binary("or", both, binary("gt", y, constant(type, 2, x.lanes))), mul(x, 3), y);
  });
  defineMap(`constants ${type}`, type, type, (x, y) => mul(sub(add(x, 0.1), 1e-3), max(y, -0)));
}
for (const operator of ["exp", "log", "tanh"] as UnaryOperator[])
  defineMap(`${operator} f64`, "f64", "f64", (x, y) => unary(operator, withSpecials(x, y)));

for (const operator of ["neg", "abs"] as UnaryOperator[]) defineMap(`${operator} i32`, "i32", "i32", (x) => unary(operator, x));
for (const operator of [
  "add",
  "sub",
  "mul",
  "wrap_add",
  "wrap_mul",
  "doubling_high_mul",
  "min",
  "max",
  "and",
  "or",
  "xor",
] as BinaryOperator[])
  defineMap(`${operator} i32`, "i32", "i32", (x, y) => binary(operator, x, y));
for (const operator of ["lt", "le", "gt", "ge", "eq", "ne"] as BinaryOperator[])
  defineMap(`${operator} i32`, "i32", "i32", (x, y) => select(binary(operator, x, y), x, 7));
for (const operator of ["shl", "shr", "shru"] as BinaryOperator[]) {
  defineMap(`${operator} by a constant`, "i32", "i32", (x) => binary(operator, x, 5));
  defineMap(`${operator} by a variable`, "i32", "i32", (x, y) => binary(operator, x, binary("and", y, 31)));
}
for (const operator of ["div", "rem"] as BinaryOperator[])
  defineMap(`${operator} i32`, "i32", "i32", (x, y) => binary(operator, unary("abs", x), add(unary("abs", y), 1)));
defineMap("wrap around 2^32", "i32", "i32", (x, y) =>
  binary("wrap_mul", binary("wrap_add", binary("wrap_mul", x, 0x7654321), y), x),
);

defineMap("convert f32 to i32", "f32", "i32", (x) => convert(mul(x, 1000), "i32"));
defineMap("convert i32 to f32", "i32", "f32", (x) => convert(mul(x, 100003), "f32"));
defineMap("bits of f32", "f32", "i32", (x) => bits(x, "i32"));
defineMap("f32 of bits", "i32", "f32", (x) => bits(binary("and", x, 0x7fffff), "f32"));
for (const [from, to] of [
  ["f32", "f64"],
  ["f64", "f32"],
  ["f64", "i32"],
  ["i32", "f64"],
] as const) {
  define(`convert ${from} to ${to} (scalar)`, 0, (k) => {
    const x = k.buffer("x", from);
    const o = k.buffer("o", to, true);
    overElements(k, 1, (i) => k.store(o, i, convert(mul(k.load(x, i), 3), to)));
  });
}

define(
  "a square turned round",
  0,
  (k, lanes) => {
    const width = lanes("f32");
    const x = k.buffer("x", "f32");
    const y = k.buffer("y", "f32", true);
    k.parallel(16 / width, (p) => {
      const row = k.let(mul(p, width));
      k.for(0, 16, width, (column) => {
        const rows = Array.from({ length: width }, (_, i) => k.let(k.load(x, add(mul(add(row, i), 16), column), width)));
        transposed(k, rows).forEach((turned, i) => k.store(y, add(mul(add(column, i), 16), row), turned));
      });
    });
  },
  256,
);

for (const type of ["f32", "f64", "i32"] as const) {
  define(`splat of a load and of a variable, ${type}`, 0, (k, lanes) => {
    const x = k.buffer("x", type);
    const o = k.buffer("o", type, true);
    const n = lanes(type);
    const third = k.let(k.load(x, 3));
    overElements(k, n, (i) => k.store(o, i, add(add(k.load(x, i, n), k.load(x, 5)), k.let(add(third, 1)))));
  });
  define(`choice of a vector by a scalar condition, ${type}`, 0, (k, lanes) => {
    const x = k.buffer("x", type);
    const y = k.buffer("y", type);
    const o = k.buffer("o", type, true);
    const n = lanes(type);
    overElements(k, n, (i) => k.store(o, i, select(binary("lt", i, 16), k.load(x, i, n), k.load(y, i, n))));
  });
  for (const operator of ["add", "max", "min"] as const) {
    define(`horizontal ${operator} ${type}`, operator === "add" && type !== "i32" ? 1e-6 : 0, (k, lanes) => {
      const x = k.buffer("x", type);
      const o = k.buffer("o", type, true);
      const n = lanes(type);
      k.parallel(3, (p) => {
        const m = k.mutable(constant(type, operator === "add" ? 0 : operator === "max" ? -1e6 : 1e6, n));
        k.for(0, 16, n, (j) => k.assign(m, binary(operator, m, k.load(x, add(mul(p, 16), j), n))));
        k.store(o, p, horizontal(operator, m));
      });
    });
  }
}

define("a load that is not selected may lie outside", 0, (k) => {
  const x = k.buffer("x", "f32");
  const o = k.buffer("o", "f32", true);
  overElements(k, 1, (i) => {
    const at = k.let(sub(mul(i, 1 << 26), 1 << 27));
    const inside = binary("and", binary("ge", at, 0), binary("lt", at, 48));
    k.store(o, i, select(inside, k.load(x, at), -1));
  });
});

define("division that is not selected", 0, (k) => {
  const x = k.buffer("x", "i32");
  const o = k.buffer("o", "i32", true);
  overElements(k, 1, (i) => {
    const d = k.let(rem(i, 4));
    k.store(o, i, select(binary("gt", d, 0), div(unary("abs", k.load(x, i)), d), 9));
  });
});

define("clamp and quantize to bytes", 0, (k, lanes) => {
  const x = k.buffer("x", "f32");
  const o = k.buffer("o", "i8", true);
  const u = k.buffer("u", "u8", true);
  const n = lanes("f32");
  overElements(k, n, (i) => {
    const q = k.let(convert(unary("nearest", mul(k.load(x, i, n), 50)), "i32"));
    k.store(o, i, max(min(q, 127), -128));
    k.store(u, i, add(max(min(q, 127), -128), 128));
  });
});

export const languageCases: readonly LanguageCase[] = [...cases, ...loopCases];
