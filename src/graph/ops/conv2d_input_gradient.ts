import { type Geometry, geometryOf } from "../convolution.js";
import { addPatches, addsPatches } from "../implicit_product.js";
import { inputGradientRules } from "../input_gradient.js";
import type { LowerContext, Region } from "../lower.js";
import { contract, copyStrided, floatOf, pad } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { stridesOf } from "../shapes.js";
import { sizeOf } from "../types.js";

/** Gradient of conv2d with respect to its map: dy, spread by the strides, convolved with the kernel turned round. */
export const conv2dInputGradient: OpDefinition = {
  name: "conv2d_input_gradient",
  documentation: "From dy[B,OH,OW,Co] and kernel[kh,kw,Ci,Co]: the gradient of the map, of the attribute inputShape [B,H,W,Ci].",
  ...inputGradientRules("conv2d"),
  lower: (context) => {
    const [dy, w] = context.inputs;
    const dx = context.outputs[0]!;
    const g = geometryOf(dx.type, w!.type.shape, context.attributes);
    const [kh, kw, ci, co] = w!.type.shape as [number, number, number, number];
    if (addsPatches(g, ci, co)) return lowerWithPatches(context, g, dy!, w!, dx);
    const element = floatOf(dy!);
    const turned = context.workspace(element, kh * kw * ci * co);
    const [s0, s1, s2, s3] = stridesOf(w!.type.shape) as [number, number, number, number];
    const shape = [kh, kw, co, ci];
    copyStrided(context, shape, w!, { strides: [-s0, -s1, s3, s2], offset: (kh - 1) * s0 + (kw - 1) * s1 }, turned, {
      strides: stridesOf(shape),
      offset: 0,
    });
    const size = [0, 1].map((d) => g.input[d]! + (g.kernel[d]! - 1) * g.dilations[d]!) as [number, number];
    const before = [0, 1].map((d) => (g.kernel[d]! - 1) * g.dilations[d]! - g.before[d]!) as [number, number];
    const plain = kh === 1 && kw === 1 && g.strides[0] === 1 && g.strides[1] === 1;
    const spread = plain ? dy! : context.workspace(element, g.batch * size[0] * size[1] * co);
    if (!plain)
      pad(
        context,
        { element, batch: g.batch, input: g.output, output: size, before, stuffing: g.strides, channels: co },
        dy!,
        spread,
      );
    const spec = {
      element,
      rows: [
        { size: g.batch, a: size[0] * size[1] * co, c: g.input[0] * g.input[1] * ci },
        { size: g.input[0], a: size[1] * co, c: g.input[1] * ci },
        { size: g.input[1], a: co, c: ci },
      ],
      reduction: [
        { size: kh, a: g.dilations[0] * size[1] * co, b: kw * co * ci },
        { size: kw, a: g.dilations[1] * co, b: co * ci },
        { size: co, a: 1, b: ci },
      ],
      columns: ci,
    };
    contract(context, spec, spread, turned, dx);
  },
  multiplyAccumulates: ([dy, w]) => (sizeOf(dy!.shape) / (w!.shape[3] as number)) * sizeOf(w!.shape),
};

/** dy [places, Co] times the kernel as [Co, kh * kw * Ci] gives the gradient of each place's patch. */
function lowerWithPatches(context: LowerContext, g: Geometry, dy: Region, w: Region, dx: Region): void {
  const [kh, kw, ci, co] = w.type.shape as [number, number, number, number];
  const element = floatOf(dy);
  const depth = kh * kw * ci;
  const places = g.batch * g.output[0] * g.output[1];
  const turned = context.workspace(element, depth * co);
  const patches = context.workspace(element, places * depth);
  copyStrided(context, [co, depth], w, { strides: [1, co], offset: 0 }, turned, { strides: [depth, 1], offset: 0 });
  const rows = [{ size: places, a: co, c: depth }];
  const reduction = [{ size: co, a: 1, b: depth }];
  contract(context, { element, rows, reduction, columns: depth }, dy, turned, patches);
  addPatches(context, g, patches, dx, ci);
}
