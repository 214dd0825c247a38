import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type ElementType, type Expression, type Kernel, max, min, mul, rem } from "./language.js";

/** Rows of samples cut into frames that may overlap. */
export interface FrameShape {
  readonly batch: number;
  readonly samples: number;
  readonly frames: number;
  readonly length: number;
  readonly hop: number;
  readonly element: ElementType;
  readonly lanes: number;
}

/** Kernel (x [batch, samples], frames [batch, frames, length]): each frame is copied. */
export function frameKernel(name: string, shape: FrameShape): Kernel {
  const { batch, samples, frames, length, hop, element } = shape;
  const lanes = element === "f32" ? shape.lanes : 1;
  const k = new KernelBuilder(name);
  const x = k.buffer("x", element);
  const out = k.buffer("frames", element, true);
  k.parallel(batch * frames, (row) => {
    const from = k.let(add(mul(div(row, frames), samples), mul(rem(row, frames), hop)));
    const to = k.let(mul(row, length));
    const copy = (i: Expression, width: number): void => k.store(out, add(to, i), k.load(x, add(from, i), width));
    const whole = length - (length % lanes);
    k.for(0, whole, lanes, (i) => copy(i, lanes));
    k.for(whole, length, 1, (i) => copy(i, 1));
  });
  return k.finish();
}

/** Kernel (frames [batch, frames, length], x [batch, samples]): the sum of all frames at their places, in order of frames. */
export function overlapAddKernel(name: string, shape: FrameShape): Kernel {
  const { batch, samples, frames, length, hop, element } = shape;
  const k = new KernelBuilder(name);
  const parts = k.buffer("frames", element);
  const out = k.buffer("x", element, true);
  const type = element === "f64" ? "f64" : "f32";
  k.parallel(batch, (row) => {
    k.for(0, samples, 1, (sample) => {
      const sum = k.mutable(constant(type, 0));
      // The first frame that ends behind the sample; operands of div must not be negative.
      const first = k.let(div(add(max(add(sample, -length), -hop), hop), hop));
      const end = k.let(min(add(div(sample, hop), 1), frames));
      k.for(first, end, 1, (t) => {
        const inside = add(sample, mul(t, -hop));
        k.assign(sum, add(sum, k.load(parts, add(mul(add(mul(row, frames), t), length), inside))));
      });
      k.store(out, add(mul(row, samples), sample), sum);
    });
  });
  return k.finish();
}
