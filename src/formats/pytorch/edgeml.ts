import type { Graph } from "../../graph/types.js";
import type { ModelOptions } from "../../zoo/model.js";
import type { RecognisedNetwork, WeightMap } from "../import/foreign_model.js";
import type { ForeignTensors, WeightRow } from "../import/weights.js";
import type { Model } from "../model.js";
import { withoutNormalization } from "./edgeml_normalization.js";
import type { StateDict } from "./read.js";

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

/** A parameter [rows, columns] of ours, made of the tensors `names`, whose columns stand beside each other in it. */
interface Placement {
  readonly parameter: string;
  readonly names: readonly string[];
  readonly rows: number;
  /** Columns of one tensor. */
  readonly width: number;
  /** Whether the tensors are [columns, rows]. */
  readonly isTurned: boolean;
  /** Shape of one tensor. */
  readonly shape: readonly number[];
}

/** Matrices [rows, columns] beside each other. */
function beside(parts: readonly Float32Array[], rows: number, width: number): Float32Array {
  const out = new Float32Array(rows * width * parts.length);
  for (const [i, part] of parts.entries())
    for (let row = 0; row < rows; row++) out.set(part.subarray(row * width, (row + 1) * width), (row * parts.length + i) * width);
  return out;
}

/** The matrices that stand beside each other. */
function apart(values: Float32Array, { names, rows, width }: Placement): Float32Array[] {
  return names.map((_, i) => {
    const part = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const from = (row * names.length + i) * width;
      part.set(values.subarray(from, from + width), row * width);
    }
    return part;
  });
}

/** [rows, columns] of its transpose. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: values.length }, (_, i) => values[(i % columns) * rows + Math.floor(i / columns)] as number);
}

/** How a network's tensors stand in a file. */
interface Layout {
  readonly moduleOf: (layer: number) => string;
  /** FastGRNN's matrices are [outputs, inputs] in some versions of EdgeML, and always in its CUDA variant. */
  readonly isTurned: boolean;
}

/** What the placements of one layer are made from. */
interface LayerContext {
  readonly names: CellNames;
  readonly layer: number;
  readonly module: string;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly isTurned: boolean;
}

/** A parameter of matrices that stand beside each other. */
function matrix(own: string, names: readonly string[], { layer, module, shapes, isTurned }: LayerContext): Placement {
  const parameter = `recurrent.${layer}.${own}`;
  const [rows, columns] = shapes.get(parameter) as [number, number];
  const width = columns / names.length;
  const shape = isTurned ? [width, rows] : [rows, width];
  return { parameter, names: names.map((name) => `${module}.${name}`), rows, width, isTurned, shape };
}

/** A parameter of vectors behind each other. */
function vector(own: string, names: readonly string[], { layer, module, shapes }: LayerContext): Placement {
  const parameter = `recurrent.${layer}.${own}`;
  const width = (shapes.get(parameter) as [number])[0] / names.length;
  const there = names.map((name) => `${module}.${name}`);
  return { parameter, names: there, rows: 1, width, isTurned: false, shape: [1, width] };
}

/** The product with the input ("W") or with the state ("U"). */
function product(letter: "W" | "U", prefix: string, context: LayerContext): Placement[] {
  const { names, layer, shapes } = context;
  const isLowRank = shapes.has(`recurrent.${layer}.${prefix}_first`);
  const kernel = prefix === "kernel" ? "kernel" : "recurrent_kernel";
  if (names.gates.length === 0) {
    if (!isLowRank) return [matrix(kernel, [letter], context)];
    return [matrix(`${prefix}_first`, [`${letter}1`], context), matrix(kernel, [`${letter}2`], context)];
  }
  const gates = names.gates.map((gate) => `${letter}${gate}`);
  const first = isLowRank ? [matrix(`${prefix}_first`, [letter], context)] : [];
  const candidate = `recurrent.${layer}.recurrent_candidate`;
  if (letter === "W" || !shapes.has(candidate)) return [...first, matrix(kernel, gates, context)];
  return [...first, matrix(kernel, gates.slice(0, 2), context), matrix("recurrent_candidate", gates.slice(2), context)];
}

function placements(architecture: string, graph: Graph, { moduleOf: module, isTurned }: Layout): Placement[] {
  const names = cells[architecture] as CellNames;
  const shapes = shapesOf(graph);
  const layers = countLayers((layer) => shapes.has(`recurrent.${layer}.kernel`));
  const [units, labels] = shapes.get("classifier.kernel") as [number, number];
  const weight = { names: ["hidden2keyword.weight"], rows: units, width: labels, isTurned: true, shape: [labels, units] };
  const bias = { names: ["hidden2keyword.bias"], rows: 1, width: labels, isTurned: false, shape: [labels] };
  return [
    ...Array.from({ length: layers }, (_, layer) => {
      const context = { names, layer, module: module(layer), shapes, isTurned };
      return [
        ...product("W", "kernel", context),
        ...product("U", "recurrent", context),
        ...(names.biases.length > 0 ? [vector("bias", names.biases, context)] : []),
        ...names.others.map((name) => vector(name, [name], context)),
      ];
    }).flat(),
    { parameter: "classifier.kernel", ...weight },
    { parameter: "classifier.bias", ...bias },
  ];
}

const shapesOf = (graph: Graph): Map<string, readonly number[]> =>
  new Map(graph.parameters.map(({ name, value }) => [name, value.type.shape]));

function rows(architecture: string, graph: Graph, tensors: ForeignTensors): WeightRow[] {
  const isTurned = architecture === "edgeml/fastgrnn" && isOutputFirst(shapesOf(graph), tensors);
  const layout = { moduleOf: (layer: number) => moduleOf(layer, tensors), isTurned };
  return placements(architecture, graph, layout).map((placement) => ({
    parameter: placement.parameter,
    sources: placement.names.map((name) => ({ name, shape: placement.shape })),
    convert: (found) => {
      const { rows: height, width } = placement;
      return beside(placement.isTurned ? found.map((values) => turned(values, height, width)) : found, height, width);
    },
  }));
}

/**
 * The state dict of a classifier as EdgeML has it on a machine without CUDA: matrices are [inputs, outputs], and each cell stands a second
 * time in the module that unrolls it.
 */
export function edgemlStateDict(architecture: string, { graph, ...model }: Pick<Model, "graph" | "parameters">): StateDict {
  const parameters = withoutNormalization(model.parameters);
  const dict: StateDict = new Map();
  const layout = { moduleOf: (layer: number) => `rnn_list.${layer}.cell`, isTurned: false };
  for (const placement of placements(architecture, graph, layout)) {
    const { names, rows: height, width, isTurned, shape } = placement;
    for (const [i, part] of apart(parameters.get(placement.parameter) as Float32Array, placement).entries())
      dict.set(names[i] as string, { type: "F32", shape, data: isTurned ? turned(part, width, height) : part });
  }
  return withUnrolled(dict);
}

/** Behind the entries of each layer's cell the same under the name of the module that unrolls it. */
function withUnrolled(dict: StateDict): StateDict {
  const entries = [...dict];
  const layers = countLayers((layer) => entries.some(([name]) => name.startsWith(`rnn_list.${layer}.`)));
  const ofLayer = (layer: number) => entries.filter(([name]) => name.startsWith(`rnn_list.${layer}.`));
  return new Map([
    ...Array.from({ length: layers }, (_, layer) => [
      ...ofLayer(layer),
      ...ofLayer(layer).map(([name, tensor]) => [name.replace(".cell.", ".unrollRNN.RNNCell."), tensor] as const),
    ]).flat(),
    ...entries.filter(([name]) => !name.startsWith("rnn_list.")),
  ]);
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
