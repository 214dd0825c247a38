import { compile } from "../engine/compile.js";
import type { CompiledProgram, TargetName } from "../engine/program.js";
import { scaleOf, storedValue } from "../graph/quantized.js";
import type { Graph, NamedValue, ParameterData, Value } from "../graph/types.js";
import { sizeOf } from "../graph/types.js";
import type { ValuedGraph } from "../passes/fold.js";
import type { QuantizedGraph } from "../passes/quantize.js";

type Target = TargetName | "auto";

/** How far a layer's integers are from the float graph's values, over some clips. */
export interface LayerError {
  /** Path of the layer's parameters and its op. */
  readonly name: string;
  readonly op: string;
  /** Values that the float layer gave. */
  readonly low: number;
  readonly high: number;
  readonly dtype: string;
  readonly scale: number;
  readonly zeroPoint: number;
  /** Power of the values over power of the error, in decibels; infinite where nothing differs. */
  readonly signalToNoise: number;
}

/** The graph with these values as its only outputs, named by their place. */
function exposing(graph: Graph, values: readonly Value[]): Graph {
  const outputs = values.map((value, i): NamedValue => ({ name: `layer.${i}`, value }));
  return { ...graph, outputs };
}

async function open(graph: Graph, parameters: ReadonlyMap<string, ParameterData>, target: Target): Promise<CompiledProgram> {
  const program = await compile(graph, { target });
  for (const { name } of graph.parameters) program.write(name, parameters.get(name) as ParameterData);
  return program;
}

/**
 * Runs the float and the quantized graph on the same features and compares what their layers give.
 * @param features shape [count, T, F]
 * @param target what computes; for one run "wasm" is ready sooner than "native"
 */
export async function layerErrors(
  float: ValuedGraph,
  quantized: QuantizedGraph,
  features: Float32Array,
  target: Target = "auto",
): Promise<LayerError[]> {
  const { layers } = quantized;
  const a = await open(
    exposing(
      float.graph,
      layers.map((l) => l.float),
    ),
    float.parameters,
    target,
  );
  const b = await open(
    exposing(
      quantized.graph,
      layers.map((l) => l.integer),
    ),
    quantized.parameters,
    target,
  );
  const input = float.graph.inputs[0]!;
  const quantizedInput = quantized.graph.inputs[0]!.value.type;
  const width = sizeOf(input.value.type.shape);
  const sums = layers.map(() => ({ signal: 0, noise: 0, low: Infinity, high: -Infinity }));
  for (let from = 0; from + width <= features.length; from += width) {
    const clip = features.subarray(from, from + width);
    for (const program of [a, b]) resetStates(program, program === a ? float.graph : quantized.graph);
    a.write(input.name, clip);
    b.write(
      input.name,
      quantizedInput.quantization ? clip.map((x) => storedValue(x, scaleOf(quantizedInput), quantizedInput.dtype)) : clip,
    );
    a.run();
    b.run();
    layers.forEach(({ integer }, i) => {
      const { scale, zeroPoint } = integer.type.quantization!;
      const wanted = a.view(`layer.${i}`);
      const found = b.view(`layer.${i}`);
      const sum = sums[i]!;
      for (let j = 0; j < wanted.length; j++) {
        const x = wanted[j]!;
        sum.signal += x * x;
        sum.noise += (x - (found[j]! - zeroPoint[0]!) * scale[0]!) ** 2;
        if (x < sum.low) sum.low = x;
        if (x > sum.high) sum.high = x;
      }
    });
  }
  a.close();
  b.close();
  return layers.map(({ name, op, integer }, i): LayerError => {
    const { signal, noise, low, high } = sums[i]!;
    const { scale, zeroPoint } = integer.type.quantization!;
    const signalToNoise = noise > 0 ? 10 * Math.log10(signal / noise) : Infinity;
    return { name, op, low, high, dtype: integer.type.dtype, scale: scale[0]!, zeroPoint: zeroPoint[0]!, signalToNoise };
  });
}

function resetStates(program: CompiledProgram, graph: Graph): void {
  for (const { name, input } of graph.states) program.view(name).fill(input.type.quantization?.zeroPoint[0] ?? 0);
}
