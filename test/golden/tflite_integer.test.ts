import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { integerRange } from "../../src/graph/quantized.js";
import type { Attributes, DType, Graph, TensorType, Value } from "../../src/graph/types.js";
import { targets } from "./op_cases.js";
import { type GoldenCase, readGolden, tensorOf } from "./read_golden.js";

/*
 * Integer ops against TensorFlow Lite's reference kernels, bit for bit, on every target.
 */

const { source, cases } = readGolden("tflite_integer");

interface Stored {
  readonly scale: number[];
  readonly zeroPoint: number;
  readonly axis?: number;
}

const quantizations = (c: GoldenCase): Record<string, Stored> => c.attributes["quantization"] as Record<string, Stored>;

/** Axis of the channels in our layout of the kernels. */
const kernelAxis: Record<string, number> = { quantized_conv2d: 3, quantized_depthwise_conv2d: 2, quantized_dense: 1 };

function typeOf(c: GoldenCase, name: string): TensorType {
  const { shape, dtype } = tensorOf(c.inputs, name);
  const op = c.attributes["op"] as string;
  const q = quantizations(c)[name];
  if (name === "bias" || !q) return { dtype, shape };
  const zeroPoint = q.scale.map(() => q.zeroPoint);
  if (name !== "kernel") return { dtype, shape, quantization: { scale: q.scale, zeroPoint } };
  const axis = q.axis === undefined ? {} : { axis: kernelAxis[op] as number };
  return { dtype: "i8", shape, quantization: { scale: q.scale, zeroPoint, ...axis } };
}

/** The fused activation of the case as low and high. */
function clamp(c: GoldenCase, dtype: DType, { scale, zeroPoint }: Stored): Attributes {
  const activation = c.attributes["activation"];
  if (activation !== 1 && activation !== 3) return {};
  const [least, most] = integerRange(dtype);
  const high = activation === 3 ? Math.min(most, Math.round(6 / scale[0]!) + zeroPoint) : most;
  return { low: Math.max(least, zeroPoint), high };
}

function graphOf(c: GoldenCase): Graph {
  const g = new GraphBuilder(c.name);
  const names = [...c.inputs.keys()].filter((name) => name !== "axes");
  const inputs = names.map((name): Value => g.input(name, typeOf(c, name)));
  const { op, quantization: _, activation: __, ...rest } = c.attributes as Attributes & { op: string };
  const y = tensorOf(c.outputs, "y");
  const q = quantizations(c)["y"];
  const output = q
    ? { outputScale: q.scale[0]!, outputZeroPoint: q.zeroPoint, outputType: y.dtype, ...clamp(c, y.dtype, q) }
    : {};
  const pooled = op.endsWith("_pool") ? {} : output;
  g.output("y", g.op(op, inputs, { ...rest, ...pooled, ...(op === "quantized_mean" ? { keep: false } : {}) } as Attributes));
  return g.finish();
}

describe.each(targets)(`integer ops (${source}) on %s`, (target) => {
  it.each([...cases.values()].map((c) => [c.name, c] as const))("%s", async (_, c) => {
    const graph = graphOf(c);
    const program = await compile(graph, { target });
    for (const { name } of graph.inputs) program.write(name, tensorOf(c.inputs, name).values);
    program.run();
    const found = [...program.view("y")];
    program.close();
    const wanted = tensorOf(c.outputs, "y");
    expect(graph.outputs[0]?.value.type.shape).toEqual(wanted.shape);
    expect(found).toEqual([...wanted.values]);
  });
});
