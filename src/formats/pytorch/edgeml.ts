import type { Graph } from "../../graph/types.js";
import type { ModelOptions } from "../../zoo/model.js";
import type { RecognisedNetwork, WeightMap } from "../import/foreign_model.js";
import type { ForeignTensors, TensorSource, WeightRow } from "../import/weights.js";

/** How a cell's matrices are called, in the order of our columns. */
interface CellNames {
  /** Numbers behind W and U of its matrices; none where there is one of each. */
  readonly gates: readonly number[];
  /** Vectors of all units, in the same order, that are one bias here; none where each stands by itself. */
  readonly biases: readonly string[];
  /** Vectors and scalars with the same name here and there. */
  readonly others: readonly string[];
}

/** Of EdgeML's cells, whose GRU counts reset, update, candidate, and LSTM input, forget, candidate, output. */
const cells: Readonly<Record<string, CellNames>> = {
  "edgeml/fastgrnn": { gates: [], biases: [], others: ["bias_gate", "bias_update", "zeta", "nu"] },
  "edgeml/fastrnn": { gates: [], biases: ["bias_update"], others: ["alpha", "beta"] },
  "edgeml/ugrnn": { gates: [1, 2], biases: ["bias_gate", "bias_update"], others: [] },
  "edgeml/gru": { gates: [2, 1, 3], biases: ["bias_gate", "bias_r", "bias_update"], others: [] },
  "edgeml/lstm": { gates: [1, 2, 3, 4], biases: ["bias_i", "bias_f", "bias_c", "bias_o"], others: [] },
};

/** The CUDA variant has its matrices without the module `cell`. */
function moduleOf(layer: number, tensors: ForeignTensors): string {
  const bare = `rnn_list.${layer}`;
  return ["W", "W1"].some((name) => tensors.has(`${bare}.${name}`)) ? bare : `${bare}.cell`;
}

/** Matrices [rows, columns] beside each other. */
function beside(parts: readonly Float32Array[], rows: number): Float32Array {
  const widths = parts.map((part) => part.length / rows);
  const whole = widths.reduce((sum, width) => sum + width, 0);
  const out = new Float32Array(rows * whole);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const width = widths[i] as number;
    for (let row = 0; row < rows; row++) out.set(part.subarray(row * width, (row + 1) * width), row * whole + at);
    at += width;
  }
  return out;
}

/** [rows, columns] of its transpose. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: values.length }, (_, i) => values[(i % columns) * rows + Math.floor(i / columns)] as number);
}

/** What the rows of one layer are made from. */
interface LayerContext {
  readonly names: CellNames;
  readonly layer: number;
  readonly module: string;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** FastGRNN's matrices are [outputs, inputs] in some versions of EdgeML, and always in its CUDA variant. */
  readonly isTurned: boolean;
}

/** A parameter of matrices that stand beside each other. */
function matrixRow(own: string, sources: readonly string[], context: LayerContext): WeightRow {
  const parameter = `recurrent.${context.layer}.${own}`;
  const [rows, columns] = context.shapes.get(parameter) as [number, number];
  const width = columns / sources.length;
  const source = (name: string): TensorSource => ({
    name: `${context.module}.${name}`,
    shape: context.isTurned ? [width, rows] : [rows, width],
  });
  const convert = (found: readonly Float32Array[]): Float32Array =>
    beside(context.isTurned ? found.map((values) => turned(values, rows, width)) : found, rows);
  return { parameter, sources: sources.map(source), convert };
}

/** The product with the input ("W") or with the state ("U"). */
function productRows(letter: "W" | "U", prefix: string, context: LayerContext): WeightRow[] {
  const { names, layer, shapes } = context;
  const isLowRank = shapes.has(`recurrent.${layer}.${prefix}_first`);
  const kernel = prefix === "kernel" ? "kernel" : "recurrent_kernel";
  if (names.gates.length === 0) {
    if (!isLowRank) return [matrixRow(kernel, [letter], context)];
    return [matrixRow(`${prefix}_first`, [`${letter}1`], context), matrixRow(kernel, [`${letter}2`], context)];
  }
  const gates = names.gates.map((gate) => `${letter}${gate}`);
  const first = isLowRank ? [matrixRow(`${prefix}_first`, [letter], context)] : [];
  const candidate = `recurrent.${layer}.recurrent_candidate`;
  if (letter === "W" || !shapes.has(candidate)) return [...first, matrixRow(kernel, gates, context)];
  return [...first, matrixRow(kernel, gates.slice(0, 2), context), matrixRow("recurrent_candidate", gates.slice(2), context)];
}

function layerRows(context: LayerContext): WeightRow[] {
  const { names, layer, module, shapes } = context;
  const vector = (own: string, sources: readonly string[]): WeightRow => {
    const parameter = `recurrent.${layer}.${own}`;
    const length = (shapes.get(parameter) as readonly number[])[0] as number;
    const shape = [1, length / sources.length];
    return {
      parameter,
      sources: sources.map((name) => ({ name: `${module}.${name}`, shape })),
      convert: (found) => beside(found, 1),
    };
  };
  return [
    ...productRows("W", "kernel", context),
    ...productRows("U", "recurrent", context),
    ...(names.biases.length > 0 ? [vector("bias", names.biases)] : []),
    ...names.others.map((name) => vector(name, [name])),
  ];
}

function rows(architecture: string, graph: Graph, tensors: ForeignTensors): WeightRow[] {
  const names = cells[architecture] as CellNames;
  const shapes = new Map(graph.parameters.map(({ name, value }) => [name, value.type.shape]));
  const layers = countLayers((layer) => shapes.has(`recurrent.${layer}.kernel`));
  const isTurned = architecture === "edgeml/fastgrnn" && isOutputFirst(shapes, tensors);
  const [units, labels] = shapes.get("classifier.kernel") as [number, number];
  return [
    ...Array.from({ length: layers }, (_, layer) =>
      layerRows({ names, layer, module: moduleOf(layer, tensors), shapes, isTurned }),
    ).flat(),
    {
      parameter: "classifier.kernel",
      sources: [{ name: "hidden2keyword.weight", shape: [labels, units] }],
      convert: ([values]) => turned(values as Float32Array, units, labels),
    },
    {
      parameter: "classifier.bias",
      sources: [{ name: "hidden2keyword.bias", shape: [labels] }],
      convert: ([values]) => values as Float32Array,
    },
  ];
}

function countLayers(exists: (layer: number) => boolean): number {
  let layers = 0;
  while (exists(layers)) layers++;
  return layers;
}

/** Whether the first matrix of the first layer has its inputs last; one that is square does not tell, and has them first. */
function isOutputFirst(shapes: ReadonlyMap<string, readonly number[]>, tensors: ForeignTensors): boolean {
  const own = shapes.get("recurrent.0.kernel_first") ?? (shapes.get("recurrent.0.kernel") as readonly number[]);
  const module = moduleOf(0, tensors);
  const found = (tensors.get(`${module}.W`) ?? tensors.get(`${module}.W1`))?.shape;
  return found !== undefined && own[0] !== own[1] && found[0] === own[1] && found[1] === own[0];
}

/** Entries that only one of the cells has. */
const marks: readonly (readonly [entry: string, architecture: string])[] = [
  ["zeta", "edgeml/fastgrnn"],
  ["alpha", "edgeml/fastrnn"],
  ["bias_f", "edgeml/lstm"],
  ["bias_r", "edgeml/gru"],
  ["bias_gate", "edgeml/ugrnn"],
];

function recognise(tensors: ForeignTensors): RecognisedNetwork | undefined {
  const labels = tensors.get("hidden2keyword.weight")?.shape[0];
  const first = moduleOf(0, tensors);
  const name = marks.find(([entry]) => tensors.has(`${first}.${entry}`))?.[1];
  if (labels === undefined || name === undefined) return undefined;
  const units = unitsOf(name, tensors);
  const options: Record<string, unknown> = { numLayers: units.length };
  for (const [layer, width] of units.entries()) {
    options[`hiddenUnits${layer + 1}`] = width;
    for (const letter of ["w", "u"] as const) {
      const rank = rankOf(name, `${moduleOf(layer, tensors)}.${letter.toUpperCase()}`, width, tensors);
      if (rank > 0) options[`${letter}Rank${layer + 1}`] = rank;
    }
  }
  return { name, options: options as ModelOptions, labels };
}

/** Units of each layer, by its last bias. */
function unitsOf(name: string, tensors: ForeignTensors): number[] {
  const bias = name === "edgeml/lstm" ? "bias_o" : "bias_update";
  const shape = (layer: number) => tensors.get(`${moduleOf(layer, tensors)}.${bias}`)?.shape;
  const layers = Math.min(
    8,
    countLayers((layer) => shape(layer) !== undefined),
  );
  return Array.from({ length: layers }, (_, layer) => shape(layer)?.[1] ?? 0);
}

/** Rank of a product; 0: full. */
function rankOf(name: string, matrix: string, units: number, tensors: ForeignTensors): number {
  if ((cells[name] as CellNames).gates.length > 0) return tensors.get(matrix)?.shape[1] ?? 0;
  const [a, b] = tensors.get(`${matrix}2`)?.shape ?? [0, 0];
  return (a === units ? b : a) ?? 0;
}

/** EdgeML's classifiers, as train_classifier saves them. */
export const edgemlMap: WeightMap = {
  format: "pytorch",
  architectures: Object.keys(cells),
  recognise,
  rows,
  // The cell stands a second time in the module that unrolls it.
  ignored: (name) => name.includes(".unrollRNN."),
};
