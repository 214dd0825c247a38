import { compile } from "../../../engine/compile.js";
import type { TargetName, TensorData } from "../../../engine/program.js";
import type { ParameterData, NamedValue, Quantization } from "../../../graph/types.js";
import { optimize } from "../../../passes/optimize.js";
import type { TfliteNetwork } from "./read.js";

/** A tensor that a network takes or gives. */
export interface NetworkTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** "float32", "int32", "int16", "uint8" or "int8". */
  readonly dtype: string;
  readonly quantization?: Quantization;
}

/** A .tflite file that runs on our own kernels. */
export interface NetworkRunner {
  readonly inputs: readonly NetworkTensor[];
  readonly outputs: readonly NetworkTensor[];
  /** Runs the network once; its states go on from the run before. */
  run(inputs: readonly ParameterData[]): ParameterData[];
  /** Puts the states back to their start. */
  reset(): void;
  close(): void;
}

const names: Readonly<Record<string, string>> = { f32: "float32", i32: "int32", i16: "int16", i8: "int8", u8: "uint8" };

function describe({ name, value }: NamedValue): NetworkTensor {
  const { dtype, shape, quantization } = value.type;
  return { name, shape, dtype: names[dtype] ?? dtype, ...(quantization ? { quantization } : {}) };
}

/** Compiles a network that was read from a .tflite file. */
export async function openNetwork(
  { graph, parameters, states }: TfliteNetwork,
  options: { target?: TargetName | "auto" | undefined; threads?: number | undefined } = {},
): Promise<NetworkRunner> {
  const program = await compile(optimize(graph), { target: options.target ?? "auto", threads: options.threads ?? 1 });
  for (const { name } of graph.parameters) program.write(name, parameters.get(name) as ParameterData);
  const reset = (): void => {
    for (const { name } of graph.states) program.write(name, states.get(name) as ParameterData);
  };
  reset();
  return {
    inputs: graph.inputs.map(describe),
    outputs: graph.outputs.map(describe),
    run: (values) => {
      graph.inputs.forEach(({ name }, i) => program.write(name, values[i] as ParameterData));
      program.run();
      return graph.outputs.map(({ name }) => (program.view(name) as TensorData).slice() as ParameterData);
    },
    reset,
    close: () => program.close(),
  };
}
