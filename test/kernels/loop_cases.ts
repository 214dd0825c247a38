import type { Buffer, Expression } from "../../src/kernels/language.js";
import { add, binary, constant, div, fma, mul, rem, sub, widen } from "../../src/kernels/language.js";
import { type LanguageCase, overElements } from "./language_case.js";

/** Loops, conditions and indices: kernels as those of language_cases.ts. */
export const loopCases: LanguageCase[] = [];

function define(name: string, tolerance: number, build: LanguageCase["build"], length = 48): void {
  loopCases.push({ name, length, tolerance, build });
}

define("nested loops with steps, variable bounds and no turns", 0, (k) => {
  const x = k.buffer("x", "i32");
  const o = k.buffer("o", "i32", true);
  overElements(k, 1, (i) => {
    const sum = k.mutable(constant("i32", 0));
    k.for(0, i, 3, (j) => k.for(j, i, 2, (l) => k.assign(sum, add(sum, k.load(x, add(sub(l, j), 1))))));
    k.for(i, 5, 1, () => k.assign(sum, add(sum, 1000)));
    k.for(4, 4, 1, () => k.assign(sum, constant("i32", -1)));
    k.store(o, i, sum);
  });
});

define("if, else and stores in both", 0, (k) => {
  const x = k.buffer("x", "i32");
  const o = k.buffer("o", "i32", true);
  const q = k.buffer("q", "i8", true);
  overElements(k, 1, (i) => {
    const v = k.let(k.load(x, i));
    k.if(
      binary("lt", v, 0),
      () => {
        k.if(binary("lt", v, -500), () => k.store(q, i, constant("i32", 300)));
        k.store(o, i, v);
      },
      () => k.store(o, sub(47, i), mul(v, 2)),
    );
  });
});

define("a bound that changes inside the loop", 0, (k) => {
  const o = k.buffer("o", "i32", true);
  overElements(k, 1, (i) => {
    const bound = k.mutable(add(i, 10));
    const turns = k.mutable(constant("i32", 0));
    k.for(0, bound, 1, () => {
      k.assign(bound, sub(bound, 1));
      k.assign(turns, add(turns, 1));
    });
    k.store(o, i, turns);
  });
});

define("indices: backward, quadratic, by table, divided", 0, (k) => {
  const x = k.buffer("x", "i32");
  const table = k.buffer("t", "u8");
  const o = k.buffer("o", "i32", true);
  k.parallel(6, (p) => {
    k.for(0, 8, 1, (j) => {
      const at = k.let(add(mul(p, 8), j));
      const backward = k.load(x, sub(47, at));
      const quadratic = k.load(x, rem(mul(at, at), 48));
      const byTable = k.load(x, rem(k.load(table, at), 48));
      const divided = k.load(x, add(div(at, 3), mul(rem(at, 4), 8)));
      k.store(o, at, sub(add(backward, mul(quadratic, 3)), mul(add(byTable, divided), 5)));
    });
  });
});

define("mutable indices", 0, (k) => {
  const x = k.buffer("x", "i32");
  const o = k.buffer("o", "i32", true);
  k.parallel(4, (p) => {
    const at = k.mutable(mul(p, 12));
    k.for(0, 4, 1, (j) => {
      k.store(o, at, k.load(x, add(at, j)));
      k.assign(at, add(at, 2));
      k.store(o, add(at, 1), k.load(x, at));
    });
  });
});

const wide = 40 * 1024;
define(
  "constant offsets beyond 64 KiB, before the row and after it",
  0,
  (k, lanes) => {
    const x = k.buffer("x", "f32");
    const o = k.buffer("o", "f32", true);
    const n = lanes("f32");
    k.parallel(4, (p) => {
      const row = k.let(add(mul(p, 16), 16));
      k.for(0, 16, n, (j) => {
        const at = add(row, j);
        const near = add(k.load(x, sub(at, 16), n), k.load(x, add(at, 16), n));
        k.store(o, at, add(near, add(k.load(x, add(at, 20000), n), k.load(x, add(at, 40000), n))));
        k.store(o, add(at, 30000), k.load(x, add(mul(sub(p, 1), 16), add(j, 16)), n));
      });
    });
  },
  wide,
);

define("more pointers than registers", 0, (k) => {
  const inputs: Buffer[] = Array.from({ length: 9 }, (_, i) => k.buffer(`x${i}`, "i32"));
  const o = k.buffer("o", "i32", true);
  k.parallel(4, (p) => {
    k.for(0, 3, 1, (j) => {
      const total = inputs.reduce<Expression>(
        (sum, b, i) => add(sum, mul(k.load(b, add(mul(j, i), p)), i + 1)),
        constant("i32", 0),
      );
      k.store(o, add(mul(p, 3), j), total);
    });
  });
});

define("in place, with the loads before the stores", 0, (k, lanes) => {
  const x = k.buffer("x", "f32", true);
  const n = lanes("f32");
  overElements(k, n, (i) => {
    const v = k.let(k.load(x, i, n));
    k.store(x, i, add(v, 1));
    k.store(x, i, mul(k.load(x, i, n), v));
  });
});

define("values from before the loop", 0, (k, lanes) => {
  const x = k.buffer("x", "f32");
  const o = k.buffer("o", "f32", true);
  const n = lanes("f32");
  const scale = k.let(add(k.load(x, 0), 2));
  const offset = k.let(constant("i32", 16));
  k.parallel(2, (p) => {
    const first = k.let(mul(p, 16));
    k.for(0, 16, n, (j) => k.store(o, add(add(first, offset), j), mul(k.load(x, add(first, j), n), scale)));
  });
});

define(
  "product of matrices, blocks of 4 x 2 vectors",
  1e-5,
  (k, lanes) => {
    const a = k.buffer("a", "f32");
    const b = k.buffer("b", "f32");
    const c = k.buffer("c", "f32", true);
    const n = lanes("f32");
    k.parallel(4, (row) => {
      k.for(0, 32, 2 * n, (j) => {
        const sums = Array.from({ length: 8 }, () => k.mutable(constant("f32", 0, n)));
        k.for(0, 12, 1, (t) => {
          const right = [0, 1].map((v) => k.let(k.load(b, add(add(mul(t, 32), j), n * v), n)));
          for (let r = 0; r < 4; r++) {
            const left = k.let(widen(k.load(a, add(add(mul(row, 48), 12 * r), t)), n));
            for (const [v, x] of right.entries()) {
              const sum = sums[r * 2 + v] as Expression;
              k.assign(sum, fma(left, x, sum));
            }
          }
        });
        for (const [i, sum] of sums.entries()) k.store(c, add(add(mul(row, 128), 32 * (i >> 1)), add(j, n * (i & 1))), sum);
      });
    });
  },
  512,
);
