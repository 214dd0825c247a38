import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? ["native"] : [])] as ("oracle" | "wasm" | "native")[];

const noise = (key: number, n: number): Float32Array => {
  const random = new RandomStream(key);
  return Float32Array.from({ length: n }, () => 1 + random.normal());
};

/** Columns around every number of vectors in a group, full groups with every kind of rest. */
const columnCounts = [1, 3, 16, 17, 31, 42, 63, 64, 66, 95, 130, 276];
const rows = 7;

interface Case {
  readonly batch: number;
  readonly size: [number, number];
  readonly kernel: [number, number];
  readonly strides: [number, number];
  readonly channels: number;
}

const random = new RandomStream(8);
const depthwiseCases: Case[] = Array.from({ length: 8 }, () => ({
  batch: 1 + random.integer(6),
  size: [1 + random.integer(9), 1 + random.integer(30)],
  kernel: [1 + random.integer(4), 1 + random.integer(11)],
  strides: [1 + random.integer(2), 1 + random.integer(2)],
  channels: 1 + random.integer(70),
}));

const outputOf = ({ size, strides }: Case): [number, number] => [
  Math.ceil(size[0] / strides[0]),
  Math.ceil(size[1] / strides[1]),
];

/** The gradient of a depthwise kernel under "same" padding, as its definition says, in double precision. */
function kernelGradient(c: Case, x: Float32Array, dy: Float32Array): Float64Array {
  const output = outputOf(c);
  const before = [0, 1].map((d) => Math.floor(Math.max(0, (output[d]! - 1) * c.strides[d]! + c.kernel[d]! - c.size[d]!) / 2)) as [
    number,
    number,
  ];
  const sums = new Float64Array(c.kernel[0] * c.kernel[1] * c.channels);
  for (let b = 0; b < c.batch; b++)
    for (let h = 0; h < output[0]; h++)
      for (let w = 0; w < output[1]; w++)
        for (let i = 0; i < c.kernel[0]; i++)
          for (let j = 0; j < c.kernel[1]; j++) {
            const row = h * c.strides[0] + i - before[0];
            const column = w * c.strides[1] + j - before[1];
            if (row < 0 || row >= c.size[0] || column < 0 || column >= c.size[1]) continue;
            for (let n = 0; n < c.channels; n++) {
              const xAt = ((b * c.size[0] + row) * c.size[1] + column) * c.channels + n;
              const yAt = ((b * output[0] + h) * output[1] + w) * c.channels + n;
              sums[(i * c.kernel[1] + j) * c.channels + n]! += x[xAt]! * dy[yAt]!;
            }
          }
  return sums;
}

const near = (found: Float32Array, wanted: ArrayLike<number>, bound: number): void => {
  expect(found.length).toBe(wanted.length);
  const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
  expect(worst).toBeLessThan(bound);
};

describe.each(targets)("reductions on %s", (target) => {
  it("sums and moments of columns equal those in double precision, for any number of columns", async () => {
    const g = new GraphBuilder("columns");
    for (const columns of columnCounts) {
      const x = g.input(`x${columns}`, tensor("f32", [rows, columns]));
      g.output(`sum${columns}`, g.op("sum", [x], { axes: [0], keep: false }));
      const [mean, variance] = g.apply("moments", [x]);
      g.output(`mean${columns}`, mean!);
      g.output(`variance${columns}`, variance!);
    }
    const program = await compile(g.finish(), { target, threads: 2 });
    for (const columns of columnCounts) program.write(`x${columns}`, noise(columns, rows * columns));
    program.run();
    for (const columns of columnCounts) {
      const x = noise(columns, rows * columns);
      const column = (j: number): number[] => Array.from({ length: rows }, (_, i) => x[i * columns + j]!);
      const sums = Array.from({ length: columns }, (_, j) => column(j).reduce((a, b) => a + b));
      const variances = sums.map((sum, j) => column(j).reduce((a, b) => a + (b - sum / rows) ** 2, 0) / rows);
      near(program.read(`sum${columns}`), sums, 1e-5);
      near(
        program.read(`mean${columns}`),
        sums.map((sum) => sum / rows),
        1e-5,
      );
      near(program.read(`variance${columns}`), variances, 1e-5);
    }
    program.close();
  });

  it("gradients of depthwise kernels equal those in double precision, for odd sizes", async () => {
    const g = new GraphBuilder("kernels");
    depthwiseCases.forEach((c, i) => {
      const x = g.input(`x${i}`, tensor("f32", [c.batch, ...c.size, c.channels]));
      const dy = g.input(`dy${i}`, tensor("f32", [c.batch, ...outputOf(c), c.channels]));
      const attributes = {
        strides: c.strides,
        dilations: [1, 1],
        padding: "same",
        kernelShape: [...c.kernel, c.channels, 1],
      };
      g.output(`dw${i}`, g.op("depthwise_conv2d_kernel_gradient", [x, dy], attributes));
    });
    const program = await compile(g.finish(), { target, threads: 3 });
    const data = depthwiseCases.map((c, i) => ({
      x: noise(100 + i, c.batch * c.size[0] * c.size[1] * c.channels),
      dy: noise(200 + i, c.batch * outputOf(c)[0] * outputOf(c)[1] * c.channels),
    }));
    data.forEach(({ x, dy }, i) => {
      program.write(`x${i}`, x);
      program.write(`dy${i}`, dy);
    });
    program.run();
    depthwiseCases.forEach((c, i) => near(program.read(`dw${i}`), kernelGradient(c, data[i]!.x, data[i]!.dy), 2e-3));
    program.close();
  });
});
