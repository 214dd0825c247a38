import { UserError } from "../../base/errors.js";
import { nearest } from "../../base/nearest.js";
import type { OpDefinition } from "../op.js";
import { abs } from "./abs.js";
import { table } from "./table.js";
import { filterbank } from "./filterbank.js";
import { frame } from "./frame.js";
import { rfft } from "./rfft.js";
import { add } from "./add.js";
import { decodePcm16 } from "./decode_pcm16.js";
import { resampleLinear } from "./resample_linear.js";
import { affine } from "./affine.js";
import { averagePool } from "./average_pool.js";
import { batchLoop } from "./batch_loop.js";
import { batchNorm } from "./batch_norm.js";
import { clamp } from "./clamp.js";
import { concat } from "./concat.js";
import { conv2d } from "./conv2d.js";
import { conv2dInputGradient } from "./conv2d_input_gradient.js";
import { conv2dKernelGradient } from "./conv2d_kernel_gradient.js";
import { dense } from "./dense.js";
import { denseWeightGradient } from "./dense_weight_gradient.js";
import { depthwiseConv2d } from "./depthwise_conv2d.js";
import { depthwiseConv2dInputGradient } from "./depthwise_conv2d_input_gradient.js";
import { depthwiseConv2dKernelGradient } from "./depthwise_conv2d_kernel_gradient.js";
import { div } from "./div.js";
import { dropout } from "./dropout.js";
import { equal } from "./equal.js";
import { exp } from "./exp.js";
import { expand } from "./expand.js";
import { fakeQuantize } from "./fake_quantize.js";
import { fused } from "./fused.js";
import { greater } from "./greater.js";
import { log } from "./log.js";
import { logSoftmax } from "./log_softmax.js";
import { max } from "./max.js";
import { maximum } from "./maximum.js";
import { maxPool } from "./max_pool.js";
import { mean } from "./mean.js";
import { minimum } from "./minimum.js";
import { microBands } from "./micro_bands.js";
import { microGain } from "./micro_gain.js";
import { mirror } from "./mirror.js";
import { moments } from "./moments.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { overlapAdd } from "./overlap_add.js";
import { pad } from "./pad.js";
import { powerSpectrum } from "./power_spectrum.js";
import { product } from "./product.js";
import { randomMask } from "./random_mask.js";
import { relu } from "./relu.js";
import { reshape } from "./reshape.js";
import { round } from "./round.js";
import { rsqrt } from "./rsqrt.js";
import { scan } from "./scan.js";
import { select } from "./select.js";
import { sigmoid } from "./sigmoid.js";
import { sign } from "./sign.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { sqrt } from "./sqrt.js";
import { square } from "./square.js";
import { step } from "./step.js";
import { stopGradient } from "./stop_gradient.js";
import { sub } from "./sub.js";
import { sum } from "./sum.js";
import { tanh } from "./tanh.js";
import { transpose } from "./transpose.js";
import { unslice } from "./unslice.js";
import { zeros } from "./zeros.js";
import { quantize } from "./quantize.js";
import { dequantize } from "./dequantize.js";
import { requantize } from "./requantize.js";
import { quantizedConv2d } from "./quantized_conv2d.js";
import { quantizedDepthwiseConv2d } from "./quantized_depthwise_conv2d.js";
import { quantizedDense } from "./quantized_dense.js";
import { quantizedAdd } from "./quantized_add.js";
import { quantizedSub } from "./quantized_sub.js";
import { quantizedMul } from "./quantized_mul.js";
import { quantizedAveragePool } from "./quantized_average_pool.js";
import { quantizedMax } from "./quantized_max.js";
import { quantizedMaxPool } from "./quantized_max_pool.js";
import { quantizedMaximum } from "./quantized_maximum.js";
import { quantizedMean } from "./quantized_mean.js";
import { quantizedSoftmax } from "./quantized_softmax.js";
import { quantizedLogistic } from "./quantized_logistic.js";
import { quantizedTanh } from "./quantized_tanh.js";
import { quantizedConcat } from "./quantized_concat.js";

/** The vocabulary. To add an op, write its file and add its line. */
export const ops: readonly OpDefinition[] = [
  abs,
  add,
  affine,
  averagePool,
  batchLoop,
  batchNorm,
  clamp,
  concat,
  conv2d,
  conv2dInputGradient,
  conv2dKernelGradient,
  dense,
  denseWeightGradient,
  depthwiseConv2d,
  depthwiseConv2dInputGradient,
  depthwiseConv2dKernelGradient,
  div,
  dropout,
  equal,
  exp,
  expand,
  fakeQuantize,
  fused,
  greater,
  log,
  logSoftmax,
  max,
  maxPool,
  maximum,
  mean,
  minimum,
  microBands,
  microGain,
  mirror,
  moments,
  mul,
  neg,
  overlapAdd,
  pad,
  powerSpectrum,
  product,
  randomMask,
  relu,
  reshape,
  round,
  rsqrt,
  scan,
  select,
  sigmoid,
  sign,
  slice,
  softmax,
  sqrt,
  square,
  step,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  unslice,
  zeros,
  table,
  frame,
  rfft,
  decodePcm16,
  resampleLinear,
  filterbank,
  quantize,
  dequantize,
  requantize,
  quantizedConv2d,
  quantizedDepthwiseConv2d,
  quantizedDense,
  quantizedAdd,
  quantizedSub,
  quantizedMul,
  quantizedAveragePool,
  quantizedMax,
  quantizedMaxPool,
  quantizedMaximum,
  quantizedMean,
  quantizedSoftmax,
  quantizedLogistic,
  quantizedTanh,
  quantizedConcat,
];

const byName = new Map(ops.map((op) => [op.name, op]));

/** The definition of an op; an unknown name is a UserError that names the nearest. */
export function findOp(name: string): OpDefinition {
  const op = byName.get(name);
  if (op) return op;
  const close = nearest(name, [...byName.keys()]);
  throw new UserError(`there is no op "${name}"${close ? `; the nearest is "${close}"` : ""}`);
}
