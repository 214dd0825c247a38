import { FormatError, UserError } from "../../../base/errors.js";
import type { ParameterData, Graph } from "../../../graph/types.js";
import { verifyGraph } from "../../../graph/verify.js";
import { type FileOperator, readTfliteFile } from "./file.js";
import { initialStates } from "./initial_states.js";
import { type ReadRule, Reading } from "./reading.js";
import { readElementwise } from "./rules_elementwise.js";
import { readLinear } from "./rules_linear.js";
import { readPool } from "./rules_pool.js";
import { readShape } from "./rules_shape.js";
import { readState } from "./rules_state.js";
import { readTruth } from "./rules_truth.js";

const rules: Readonly<Record<string, ReadRule>> = {
  ...readLinear,
  ...readPool,
  ...readElementwise,
  ...readShape,
  ...readState,
  ...readTruth,
};

/** Bytes of the largest file that is read. */
export const largestTflite = 1 << 30;
/** Nodes of the largest graph: an LSTM of a second, unrolled, has two thousand. */
const mostNodes = 1 << 17;

/** What commands that run a file can do about an operator that is not known. */
const otherRuntime = "run the file with --runtime litert, or export the model with other operators";

/** A .tflite file as a graph. Its inputs and outputs have the names, types and quantizations of the file's tensors. */
export interface TfliteNetwork {
  readonly graph: Graph;
  /** Content of the parameters by name, row-major. */
  readonly parameters: Map<string, ParameterData>;
  /** What the states start with, by name. */
  readonly states: Map<string, ParameterData>;
}

/**
 * Reads a .tflite file whose operators are known as a graph: float, or int8 (weights by channel or by tensor). Resource variables
 * become states. Arithmetic with whole-number shapes is done while reading.
 * @param file name for error messages
 * @param remedy what can be done about an operator that is not known, where it is not to run the file in LiteRT
 * @throws FormatError naming the operator or tensor, what was found and what to do
 */
export function readTflite(bytes: Uint8Array, file: string, remedy = otherRuntime): TfliteNetwork {
  const content = readTfliteFile(bytes, file);
  const subgraph = content.subgraphs[0];
  if (!subgraph) throw new FormatError(file, "graphs", "there is none", "take an undamaged copy");
  const reading = new Reading(file, subgraph, "tflite");
  for (const index of new Set(subgraph.inputs)) reading.setInput(index);
  const written = new Set(subgraph.inputs);
  for (const operator of subgraph.operators) {
    for (const output of operator.outputs) writeOnce(output, operator, written, reading);
    readOperator(operator, reading, remedy);
    if (reading.builder.nodes.length > mostNodes)
      reading.refuse(operator, `the graph has more than ${mostNodes} nodes`, "give a smaller model");
  }
  for (const index of subgraph.outputs) {
    const value = reading.computed(index);
    const name = subgraph.tensors[index]?.name ?? "";
    if (!value) throw new FormatError(file, `output ${name}`, "is never computed", "take an undamaged copy");
    if (subgraph.tensors[index]?.type === "bool")
      throw new FormatError(file, `output ${name}`, "is of truth values", "take a file whose outputs are numbers");
    reading.builder.output(reading.unique(name), value);
  }
  if (subgraph.outputs.length === 0) throw new FormatError(file, "outputs", "there is none", "take an undamaged copy");
  reading.finishVariables();
  const graph = reading.builder.finish();
  const names = new Map(
    [...reading.variables].map(([name, { input }]) => [name, graph.states.find((s) => s.input === input)?.name ?? name]),
  );
  const states = initialStates(content, reading, names);
  guarded(file, "graph", () => verifyGraph(graph));
  return { graph, parameters: reading.parameters, states };
}

/** A tensor has one writer: with two, the file's meaning would hang on the order in which a runtime plans its memory. */
function writeOnce(output: number, operator: FileOperator, written: Set<number>, reading: Reading): void {
  const tensor = reading.subgraph.tensors[output];
  if (written.has(output) || tensor?.data !== undefined)
    reading.refuse(
      operator,
      `its result ${tensor?.name} is an input, a constant or the result of an operator before it`,
      "take an undamaged copy",
    );
  written.add(output);
}

/** An operator that the reader does not know, in a file that may be sound. */
export class UnknownOperatorError extends FormatError {}

function readOperator(operator: FileOperator, reading: Reading, remedy: string): void {
  const rule = rules[operator.code];
  if (!rule) throw new UnknownOperatorError(reading.file, operator.place, "this operator cannot be read", remedy);
  guarded(reading.file, operator.place, () => rule(operator, reading));
}

/** What an op of the graph refuses is a fault of the file. */
function guarded(file: string, place: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (error instanceof UserError)
      throw new FormatError(file, place, error.message.slice(0, 300), "take an undamaged copy of the file");
    if (error instanceof TypeError || error instanceof RangeError)
      throw new FormatError(file, place, "its inputs or options do not fit together", "take an undamaged copy of the file");
    throw error;
  }
}
