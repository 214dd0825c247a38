// What tools/prove/twin/compare.py needs of a training: a graph as plain data, and the files of the folder.

/** A graph as JSON: values by number, every node with the shapes of its results. */
export function plainGraph(graph) {
  const numbers = new Map();
  const number = (value) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value);
  };
  return {
    inputs: graph.inputs.map(({ name, value }) => ({ name, value: number(value) })),
    parameters: graph.parameters.map(({ name, value, trainable }) => ({ name, value: number(value), trainable })),
    states: graph.states.map(({ name, input }) => ({ name, value: number(input), shape: input.type.shape })),
    nodes: graph.nodes.map(({ op, inputs, outputs, attributes, body }) => ({
      op,
      inputs: inputs.map(number),
      outputs: outputs.map(number),
      shapes: outputs.map(({ type }) => type.shape),
      attributes,
      ...(body ? { body: plainGraph(body) } : {}),
    })),
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: number(value) })),
    nexts: graph.states.map(({ name, output }) => ({ name, value: number(output) })),
  };
}

/** task.json but for what the training itself gives. */
export function taskOf(graph, recipe, rolling) {
  const { batch } = recipe;
  const logits = graph.outputs.findIndex(({ name }) => name === "logits");
  return {
    graph: plainGraph(graph),
    logits,
    shapes: [graph.inputs[0].value.type.shape, graph.outputs[logits].value.type.shape, [batch]],
    rolling,
    recipe: {
      optimizer: recipe.optimizer,
      schedule: recipe.schedule,
      steps: recipe.steps,
      seed: recipe.seed,
      labelSmoothing: recipe.labelSmoothing,
      l2: recipe.l2,
      l2Parameters: recipe.l2Parameters ?? null,
      clipNorm: recipe.clipNorm,
      sparsity: recipe.sparsity ?? null,
    },
  };
}

/** A training's tensors for writeSafetensors: parameters and buffers in their shapes, slots as lists. */
export function tensorsOf(graph, tensors) {
  const shapes = new Map(graph.parameters.map(({ name, value }) => [name, value.type.shape]));
  return new Map(
    [...tensors].map(([name, data]) => [
      name,
      {
        type: data instanceof Float64Array ? "F64" : "F32",
        shape: shapes.get(name) ?? [data.length],
        data: data.slice(),
      },
    ]),
  );
}

/** The same graph in f64. */
export function inDouble(graph) {
  const values = new Map();
  const map = (value) => {
    if (!values.has(value))
      values.set(value, { ...value, type: value.type.dtype === "f32" ? { ...value.type, dtype: "f64" } : value.type });
    return values.get(value);
  };
  const named = (list) => list.map((entry) => ({ ...entry, value: map(entry.value) }));
  return {
    name: graph.name,
    inputs: named(graph.inputs),
    parameters: named(graph.parameters),
    states: graph.states.map(({ name, input, output }) => ({ name, input: map(input), output: map(output) })),
    nodes: graph.nodes.map((node) => ({
      op: node.op,
      inputs: node.inputs.map(map),
      outputs: node.outputs.map(map),
      attributes: node.op === "random_mask" ? { ...node.attributes, dtype: "f64" } : node.attributes,
      ...(node.body ? { body: inDouble(node.body) } : {}),
    })),
    outputs: named(graph.outputs),
  };
}
