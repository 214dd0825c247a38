import { describe, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.js";
import type { DType, Graph } from "../../src/graph/types.js";
import { checkOp, type OpCase } from "./op_check.js";

const conv = (padding: string, strides = [1, 1], dilations = [1, 1]) => ({ padding, strides, dilations });
const map = [2, 11, 7, 3];

/** A cell with two states, a captured matrix and bias, and two step outputs. */
function cell(dtype: DType): Graph {
  const g = new GraphBuilder("cell");
  const h = g.input("h", { dtype, shape: [2, 5] });
  const c = g.input("c", { dtype, shape: [2, 5] });
  const x = g.input("x", { dtype, shape: [2, 5] });
  const u = g.input("u", { dtype, shape: [5, 5] });
  const b = g.input("b", { dtype, shape: [5] });
  const next = g.op("tanh", [g.op("add", [g.op("add", [g.op("dense", [h, u]), x]), b])]);
  const gate = g.op("sigmoid", [g.op("mul", [next, c])]);
  const memory = g.op("add", [g.op("mul", [gate, c]), next]);
  g.output("h", next);
  g.output("c", memory);
  g.output("y", g.op("mul", [memory, next]));
  g.output("gate", gate);
  return g.finish();
}

const scanShapes = [[2, 5], [2, 5], [4, 2, 5], [5, 5], [5]];

const cases: OpCase[] = [
  ...["neg", "exp", "sigmoid", "tanh", "square", "abs", "relu"].map((op) => ({ op, shapes: [[3, 37]] })),
  { op: "sigmoid", name: "one element", shapes: [[1]] },
  { op: "tanh", name: "wide range", shapes: [[70]], range: [-9, 9] },
  { op: "exp", name: "wide range", shapes: [[70]], range: [-20, 5] },
  ...["log", "sqrt", "rsqrt"].map((op) => ({ op, shapes: [[5, 19]], range: [0.1, 4] as const })),
  ...["max_pool", "average_pool"].flatMap((op) => [
    { op, shapes: [map], attributes: { window: [3, 1], strides: [2, 1], padding: "valid" } },
    { op, name: "same", shapes: [map], attributes: { window: [3, 2], strides: [2, 1], padding: "same" } },
    { op, name: "gaps", shapes: [map], attributes: { window: [2, 2], strides: [3, 4], padding: "same" } },
    { op, name: "many channels", shapes: [[1, 6, 1, 71]], attributes: { window: [3, 1], strides: [1, 1], padding: "same" } },
  ]),
  { op: "transpose", name: "lines that displace each other", shapes: [[35, 256]], attributes: { permutation: [1, 0] } },
  { op: "affine", shapes: [[6, 9]], attributes: { scale: -1.7, offset: 0.3 } },
  { op: "clamp", shapes: [[6, 9]], attributes: { low: -0.4, high: 0.5 } },
  ...["round", "sign", "step", "stop_gradient"].map((op) => ({
    op,
    shapes: [[67]],
    range: [-3, 3] as const,
    differentiable: false,
  })),
  ...["add", "sub", "mul", "maximum", "minimum"].flatMap((op) => [
    {
      op,
      shapes: [
        [4, 9],
        [4, 9],
      ],
    },
    { op, name: "vector", shapes: [[2, 3, 17], [17]] },
    {
      op,
      name: "column",
      shapes: [
        [2, 3, 17],
        [2, 3, 1],
      ],
    },
    {
      op,
      name: "both sides",
      shapes: [
        [3, 1, 5],
        [4, 1],
      ],
    },
  ]),
  { op: "div", shapes: [[4, 9], [9]], range: [0.5, 2] },
  { op: "greater", shapes: [[4, 9], [9]], differentiable: false },
  { op: "equal", shapes: [[4, 9], [9]], range: [1, 1], differentiable: false },
  { op: "select", shapes: [[4, 9], [4, 9], [9]] },
  { op: "select", name: "condition of zeros", shapes: [[1], [5, 37], [37]], range: [0, 0] },
  { op: "expand", shapes: [[3, 1]], attributes: { shape: [2, 3, 6] } },
  {
    op: "batch_norm",
    shapes: [[2, 3, 5, 6], [6], [6], [6], [6]],
    attributes: { epsilon: 0.001, momentum: 0.99, center: true, scale: true },
    range: [0.2, 1],
  },
  {
    op: "batch_norm",
    name: "no gamma",
    shapes: [[8, 6], [6], [6], [6]],
    attributes: { epsilon: 0.001, momentum: 0.99, center: true, scale: false },
    range: [0.2, 1],
  },
  { op: "moments", shapes: [[3, 7, 21]] },
  { op: "moments", name: "many channels", shapes: [[13, 150]] },
  { op: "dropout", shapes: [[9]], attributes: { rate: 0.5, rescale: true } },
  {
    op: "dense",
    shapes: [
      [7, 10],
      [10, 12],
    ],
  },
  {
    op: "dense",
    name: "three axes, odd sizes",
    shapes: [
      [2, 13, 19],
      [19, 77],
    ],
  },
  {
    op: "dense",
    name: "one row",
    shapes: [
      [1, 33],
      [33, 5],
    ],
  },
  {
    op: "dense_weight_gradient",
    shapes: [
      [3, 9, 5],
      [3, 9, 14],
    ],
  },
  {
    op: "dense_weight_gradient",
    name: "long reduction",
    shapes: [
      [3000, 13],
      [3000, 20],
    ],
  },
  ...[conv("same"), conv("valid"), conv("same", [2, 2]), conv("valid", [2, 1], [1, 2]), conv("causal", [1, 1], [2, 1])].map(
    (attributes) => ({
      op: "conv2d",
      name: JSON.stringify(attributes),
      shapes: [map, [3, 2, 3, 4]],
      attributes,
    }),
  ),
  {
    op: "conv2d",
    name: "Hello Edge's first",
    shapes: [
      [2, 49, 10, 1],
      [10, 4, 1, 64],
    ],
    attributes: conv("same", [2, 2]),
  },
  {
    op: "conv2d",
    name: "pointwise",
    shapes: [
      [2, 5, 5, 16],
      [1, 1, 16, 33],
    ],
    attributes: conv("same"),
  },
  {
    op: "conv2d",
    name: "explicit zeros",
    shapes: [
      [2, 4, 5, 2],
      [3, 2, 2, 3],
    ],
    attributes: { ...conv("explicit", [2, 1]), pads: [1, 0, 2, 1] },
  },
  {
    op: "conv2d",
    name: "few places, so that patches are written",
    shapes: [
      [8, 4, 2, 16],
      [3, 2, 16, 64],
    ],
    attributes: { ...conv("explicit"), pads: [1, 1, 0, 1] },
  },
  {
    op: "conv2d",
    name: "few places, strides and dilations",
    shapes: [
      [8, 9, 4, 19],
      [2, 2, 19, 67],
    ],
    attributes: { ...conv("explicit", [2, 2], [3, 1]), pads: [1, 0, 1, 0] },
  },
  {
    op: "conv2d_input_gradient",
    name: "strided, added up from patches",
    shapes: [
      [8, 2, 7, 64],
      [3, 3, 65, 64],
    ],
    attributes: { ...conv("same", [2, 2]), inputShape: [8, 4, 14, 65] },
    differentiable: false,
  },
  {
    op: "conv2d_kernel_gradient",
    shapes: [
      [2, 6, 5, 2],
      [2, 3, 3, 4],
    ],
    attributes: { ...conv("same", [2, 2]), kernelShape: [3, 3, 2, 4] },
  },
  {
    op: "conv2d_input_gradient",
    shapes: [
      [2, 3, 3, 4],
      [3, 3, 2, 4],
    ],
    attributes: { ...conv("same", [2, 2]), inputShape: [2, 6, 5, 2] },
  },
  ...[conv("same"), conv("valid"), conv("same", [2, 2]), conv("valid", [1, 1], [2, 2]), conv("causal")].map((attributes) => ({
    op: "depthwise_conv2d",
    name: JSON.stringify(attributes),
    shapes: [
      [2, 11, 9, 6],
      [3, 3, 6, 1],
    ],
    attributes,
  })),
  {
    op: "depthwise_conv2d",
    name: "wide map",
    shapes: [
      [1, 5, 30, 20],
      [3, 3, 20, 1],
    ],
    attributes: conv("same"),
  },
  {
    op: "depthwise_conv2d",
    name: "svdf",
    shapes: [
      [2, 30, 1, 24],
      [10, 1, 24, 1],
    ],
    attributes: conv("valid"),
  },
  {
    op: "depthwise_conv2d",
    name: "long taps",
    shapes: [
      [1, 40, 1, 5],
      [17, 1, 5, 1],
    ],
    attributes: conv("same"),
  },
  {
    op: "depthwise_conv2d_kernel_gradient",
    shapes: [
      [2, 6, 5, 3],
      [2, 3, 3, 3],
    ],
    attributes: { ...conv("same", [2, 2]), kernelShape: [3, 3, 3, 1] },
  },
  {
    op: "depthwise_conv2d_input_gradient",
    shapes: [
      [2, 3, 3, 3],
      [3, 3, 3, 1],
    ],
    attributes: { ...conv("same", [2, 2]), inputShape: [2, 6, 5, 3] },
  },
  ...["sum", "mean", "max"].flatMap((op) => [
    { op, name: "last", shapes: [[5, 77]], attributes: { axes: [-1], keep: true } },
    { op, name: "first", shapes: [[30, 70]], attributes: { axes: [0], keep: false } },
    { op, name: "middle", shapes: [[3, 5, 4, 9]], attributes: { axes: [1, 2], keep: false } },
    { op, name: "apart", shapes: [[3, 5, 4, 9]], attributes: { axes: [0, 2], keep: false } },
    { op, name: "all", shapes: [[3, 5]], attributes: { axes: [0, 1], keep: false } },
  ]),
  { op: "softmax", shapes: [[5, 12]], range: [-3, 3] },
  { op: "log_softmax", shapes: [[5, 12]], range: [-3, 3] },
  { op: "reshape", shapes: [[2, 3, 4]], attributes: { shape: [0, -1] } },
  { op: "transpose", shapes: [[2, 3, 4, 5]], attributes: { permutation: [2, 0, 3, 1] } },
  { op: "transpose", name: "matrix", shapes: [[33, 18]], attributes: { permutation: [1, 0] } },
  { op: "slice", shapes: [[4, 9, 6]], attributes: { begin: [1, 0, -3], end: [3, 0, 0], strides: [1, 2, 1] } },
  { op: "unslice", shapes: [[2, 3]], attributes: { shape: [5, 9], begin: [1, 2], strides: [2, 3] } },
  { op: "pad", shapes: [[2, 5, 3]], attributes: { before: [0, 2, 1], after: [0, 1, 0] } },
  {
    op: "concat",
    shapes: [
      [2, 3, 4],
      [2, 1, 4],
      [2, 5, 4],
    ],
    attributes: { axis: 1 },
  },
  {
    op: "concat",
    name: "last axis",
    shapes: [
      [2, 3],
      [2, 20],
    ],
    attributes: { axis: -1 },
  },
  { op: "scan", shapes: scanShapes, attributes: { states: 2, sequences: 1, reverse: false }, body: cell },
  { op: "scan", name: "backwards", shapes: scanShapes, attributes: { states: 2, sequences: 1, reverse: true }, body: cell },
  { op: "frame", shapes: [[2, 40]], attributes: { length: 9, hop: 4 } },
  { op: "rfft", shapes: [[3, 13]], attributes: { length: 16 } },
  { op: "rfft", name: "1024", shapes: [[5, 640]], attributes: { length: 1024 } },
];

describe("every op on every target against the oracle, and its gradient against finite differences", () => {
  for (const c of cases) it(`${c.op} ${c.name ?? ""} ${c.shapes.map((s) => `[${s.join(",")}]`).join(" ")}`, () => checkOp(c));
});
