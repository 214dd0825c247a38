import { expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";

const targets = nativeCompiler() ? (["wasm", "native"] as const) : (["wasm"] as const);

/** Every exponent with mantissas at both ends and between, and what is no positive number. */
function values(): Float32Array {
  const random = new RandomStream(1);
  const list: number[] = [0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xbf800000, 1, 2, 0x007fffff];
  for (let exponent = 0; exponent < 255; exponent++)
    for (const mantissa of [0, 1, 0x7fffff, ...Array.from({ length: 29 }, () => random.integer(1 << 23))])
      list.push((exponent << 23) | mantissa);
  // An odd number of them, so that there are some behind the last whole vector.
  while (list.length % 16 !== 13) list.push(0x3f800000);
  return new Float32Array(Uint32Array.from(list).buffer);
}

const bitsOf = (x: Float32Array): Int32Array => new Int32Array(x.buffer, x.byteOffset, x.length);

it.each(targets)(
  "square roots on %s are rounded as they should be, far below 1 within one unit of the last place",
  async (target) => {
    const x = values();
    const g = new GraphBuilder("roots");
    g.output("y", g.op("sqrt", [g.input("x", tensor("f32", [x.length]))]));
    const program = await compile(g.finish(), { target });
    program.write("x", x);
    program.run();
    const found = Float32Array.from(program.read("y"));
    program.close();
    const wanted = x.map((v) => Math.sqrt(v));
    const units = found.map((y, i) =>
      Object.is(y, wanted[i]) ? 0 : Math.abs(bitsOf(found)[i]! - bitsOf(wanted)[i]!) || Number.POSITIVE_INFINITY,
    );
    const most = x.map((v) => (v > 0 && v < 1e-30 ? 1 : 0));
    expect([...x].filter((_, i) => units[i]! > most[i]!)).toEqual([]);
  },
);
