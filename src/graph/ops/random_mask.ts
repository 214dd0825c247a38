import { KernelBuilder } from "../../kernels/kernel_builder.js";
import { binary, constant, convert, type Expression, type Kernel, mul, select } from "../../kernels/language.js";
import { booleanOf, numberOf, shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";

function mix(k: KernelBuilder, value: Expression): Expression {
  let h = value;
  const round = (shift: number, factor: number): void => {
    h = k.let(binary("wrap_mul", binary("xor", h, binary("shru", h, shift)), factor));
  };
  round(16, 0x85ebca6b | 0);
  round(13, 0xc2b2ae35 | 0);
  return k.let(binary("xor", h, binary("shru", h, 16)));
}

function maskKernel(size: number, rate: number, rescale: boolean, salt: number, element: "f32" | "f64"): Kernel {
  const k = new KernelBuilder("random_mask");
  const seed = k.buffer("seed", "i32");
  const y = k.buffer("y", element, true);
  const block = 64;
  // The draw is a hash (finalizer of MurmurHash3) of seed, step, place in the graph and element, as src/base/random.ts.
  const first = k.let(binary("xor", k.load(seed, 0), constant("i32", salt)));
  const key = mix(k, binary("wrap_add", mix(k, first), k.load(seed, 1)));
  const threshold = Math.round(rate * 2 ** 24);
  const keep = rescale ? 1 / (1 - rate) : 1;
  k.parallel(Math.ceil(size / block), (p) => {
    const from = k.let(mul(p, block));
    const to = k.let(binary("min", binary("add", from, block), constant("i32", size)));
    k.for(from, to, 1, (i) => {
      const bits = mix(k, binary("xor", key, mix(k, binary("wrap_add", i, 0x9e3779b9 | 0))));
      const draw = binary("shru", bits, 8);
      const kept = binary("ge", draw, constant("i32", threshold));
      k.store(y, i, convert(select(kept, constant(element, keep), 0), element));
    });
  });
  return k.finish();
}

/** A mask for dropout: a pure function of seed, step and place. */
export const randomMask: OpDefinition = {
  name: "random_mask",
  documentation:
    "seed[2] (i32: seed, step) gives a tensor of the attribute shape: 0 with probability rate, else 1/(1-rate) where rescale, else 1. `salt` tells masks of one graph apart.",
  infer: (_, attributes) => [tensor(attributes.dtype === "f64" ? "f64" : "f32", shapeOf(attributes, "shape"))],
  gradient: () => [undefined],
  lower: (context) => {
    const { attributes } = context;
    const y = context.outputs[0]!;
    const [size, rate, rescale, salt] = [
      sizeOf(y.type.shape),
      numberOf(attributes, "rate"),
      booleanOf(attributes, "rescale"),
      numberOf(attributes, "salt"),
    ];
    const element = y.type.dtype as "f32" | "f64";
    context.call(`mask ${element} ${size} ${rate} ${rescale} ${salt}`, () => maskKernel(size, rate, rescale, salt, element), [
      context.inputs[0]!,
      y,
    ]);
  },
};
