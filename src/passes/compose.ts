import { UserError } from "../base/errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, typeText, type Value } from "../graph/types.js";

/**
 * Two graphs one behind the other: the outputs of the first are the inputs of the second with the same names. The result has the
 * first one's inputs and the second one's outputs.
 * @throws UserError where an output and an input of one name have different types, or one is missing
 */
export function compose(first: Graph, second: Graph, name = `${first.name}_${second.name}`): Graph {
  const builder = new GraphBuilder(name);
  const values = new Map<Value, Value>();
  for (const { name: input, value } of first.inputs) values.set(value, builder.input(input, value.type));
  copyInto(builder, first, values);
  for (const { name: input, value } of second.inputs) {
    const given = first.outputs.find((o) => o.name === input);
    if (given === undefined || typeText(given.value.type) !== typeText(value.type))
      throw new UserError(
        `graph ${second.name} takes ${input} ${typeText(value.type)}, and ${first.name} gives ${given ? typeText(given.value.type) : "nothing of that name"}`,
      );
    values.set(value, values.get(given.value) as Value);
  }
  copyInto(builder, second, values);
  for (const { name: output, value } of second.outputs) builder.output(output, values.get(value) as Value);
  return builder.finish();
}

function copyInto(builder: GraphBuilder, graph: Graph, values: Map<Value, Value>): void {
  for (const parameter of graph.parameters) values.set(parameter.value, builder.adopt(parameter));
  for (const { name, input } of graph.states) values.set(input, builder.state(name, input.type));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((v) => values.get(v) as Value);
    const outputs = builder.apply(node.op, inputs, node.attributes, node.body);
    node.outputs.forEach((v, i) => values.set(v, outputs[i]));
  }
  for (const { input, output } of graph.states) builder.setState(values.get(input) as Value, values.get(output) as Value);
}
