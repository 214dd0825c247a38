import { type ParameterData, sizeOf } from "../../../graph/types.js";
import { FormatError } from "../../../base/errors.js";
import { firstValues } from "../first_values.js";
import type { FileSubgraph, TfliteFile } from "./file.js";
import { elementsOf, type Reading } from "./reading.js";

/**
 * What the variables of a graph start with: the constants that the function of its CALL_ONCE assigns, else the zero point.
 * @returns content of the graph's states by their name
 */
export function initialStates(
  file: TfliteFile,
  reading: Reading,
  names: ReadonlyMap<string, string>,
): Map<string, ParameterData> {
  const assigned = new Map<string, ParameterData>();
  for (const operator of reading.subgraph.operators) {
    if (operator.code !== "CALL_ONCE") continue;
    const index = operator.option("CallOnce", "subgraph");
    const subgraph = file.subgraphs[index];
    if (!subgraph || subgraph === reading.subgraph) reading.refuse(operator, `calls graph ${index} of ${file.subgraphs.length}`);
    else for (const [name, content] of assignments(file.file, subgraph)) assigned.set(name, content);
  }
  const states = new Map<string, ParameterData>();
  for (const [name, { input }] of reading.variables) {
    const { shape } = input.type;
    const content = assigned.get(name) ?? firstValues(input.type);
    if (content.length !== sizeOf(shape))
      throw new FormatError(
        file.file,
        `variable ${name}`,
        `starts with ${content.length} numbers instead of [${shape.join(",")}]`,
        "take an undamaged copy",
      );
    states.set(names.get(name) as string, content);
  }
  return states;
}

/** What a function of VAR_HANDLE and ASSIGN_VARIABLE of constants assigns, by the variable's name. */
function assignments(file: string, subgraph: FileSubgraph): Map<string, ParameterData> {
  const handles = new Map<number, string>();
  const assigned = new Map<string, ParameterData>();
  for (const operator of subgraph.operators) {
    const refuse = (found: string): never => {
      throw new FormatError(file, `initialisation, ${operator.place}`, found, "only constants can be assigned there");
    };
    if (operator.code === "VAR_HANDLE") handles.set(operator.outputs[0] ?? -1, operator.optionText("VarHandle", 1));
    else if (operator.code === "ASSIGN_VARIABLE") {
      const name = handles.get(operator.inputs[0] ?? -1);
      const tensor = subgraph.tensors[operator.inputs[1] ?? -1];
      const content = tensor?.data && elementsOf(tensor.type, tensor.data);
      if (name === undefined || !content) return refuse("assigns no constant to a variable");
      assigned.set(name, content);
    } else refuse("is no assignment");
  }
  return assigned;
}
