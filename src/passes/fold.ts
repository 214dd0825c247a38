import { UserError } from "../base/errors.js";
import { booleanOf, numberOf } from "../graph/attributes.js";
import { type Graph, type Node, type ParameterData, sizeOf, tensor, type Value } from "../graph/types.js";
import { valueUses } from "../graph/uses.js";
import { GraphRebuilder } from "./rebuild.js";

/** A graph with the values of its parameters. */
export interface ValuedGraph {
  readonly graph: Graph;
  readonly parameters: Map<string, ParameterData>;
}

/** batch_norm(add(producer(x, weight), bias)), the addition optional. */
interface Foldable {
  readonly producer: Node;
  readonly bias?: Node;
  readonly norm: Node;
}

/**
 * Folds every batch_norm into the conv2d, depthwise_conv2d or dense (and the bias after it) that produces its input:
 * weight * s and (bias - mean) * s + beta, with s = gamma / sqrt(variance + epsilon), computed in double and rounded
 * once. A batch_norm whose producer also feeds something else, or whose values are not parameters, stays.
 * The result has new parameters: of a folded layer the weight keeps its name, the bias is `<layer>.bias`.
 */
export function foldBatchNorm({ graph, parameters }: ValuedGraph): ValuedGraph {
  const folds = findFolds(graph);
  const rebuilder = new GraphRebuilder(graph);
  const values = new Map(parameters);
  const names = new Set(graph.parameters.map((p) => p.name));
  const skipped = new Set([...folds.values()].flatMap((f) => (f.bias ? [f.producer, f.bias] : [f.producer])));
  for (const node of graph.nodes) {
    const fold = folds.get(node);
    if (fold) writeFolded(fold, graph, rebuilder, values, names);
    else if (!skipped.has(node)) rebuilder.copy(node);
  }
  const folded = rebuilder.finish();
  const kept = new Map(folded.parameters.map((p) => [p.name, values.get(p.name) as ParameterData]));
  return { graph: folded, parameters: kept };
}

/** Products of a layer's input and its weights, which a bias may follow. */
export const layerProducts: ReadonlySet<string> = new Set(["conv2d", "depthwise_conv2d", "dense"]);

function findFolds(graph: Graph): Map<Node, Foldable> {
  const { soleMaker, usesOf } = valueUses(graph);
  const isParameter = new Set(graph.parameters.map((p) => p.value));

  const folds = new Map<Node, Foldable>();
  for (const norm of graph.nodes) {
    if (norm.op !== "batch_norm" || !norm.inputs.slice(1).every((v) => isParameter.has(v))) continue;
    const before = soleMaker(norm.inputs[0]);
    const bias = before?.op === "add" && isBias(before, isParameter) ? before : undefined;
    const producer = bias ? soleMaker(bias.inputs[0]) : before;
    if (!producer || !layerProducts.has(producer.op)) continue;
    const weight = producer.inputs[1];
    const own = [weight, ...(bias ? [bias.inputs[1]] : [])].every((v) => isParameter.has(v) && usesOf(v) === 1);
    if (own) folds.set(norm, { producer, bias, norm });
  }
  return folds;
}

/** An addition of a parameter with one element a channel. */
function isBias(node: Node, isParameter: ReadonlySet<Value>): boolean {
  const [x, bias] = node.inputs;
  const channels = x.type.shape.at(-1);
  return isParameter.has(bias) && sizeOf(bias.type.shape) === channels && bias.type.shape.at(-1) === channels;
}

function writeFolded(
  { producer, bias, norm }: Foldable,
  graph: Graph,
  rebuilder: GraphRebuilder,
  values: Map<string, ParameterData>,
  names: Set<string>,
): void {
  const named = new Map(graph.parameters.map((p) => [p.value, p.name]));
  const valueOf = (value: Value): Float32Array => {
    const data = values.get(named.get(value) as string);
    if (!(data instanceof Float32Array)) throw new UserError(`parameter ${named.get(value)} has no values of single precision`);
    return data;
  };
  const { scale, offset } = normalisation(norm, valueOf);
  const weight = producer.inputs[1];
  const channels = scale.length;
  const before = bias ? valueOf(bias.inputs[1]) : new Float32Array(channels);
  // The channel is the last axis of conv2d's and dense's weight, and of depthwise_conv2d's [kh, kw, C, 1] as well.
  const folded = valueOf(weight).map((w, i) => w * scale[i % channels]);
  const shift = Float32Array.from(scale, (s, c) => before[c] * s + offset[c]);

  const weightName = named.get(weight) as string;
  const biasName = unusedName(`${weightName.replace(/\.[^.]*$/, "")}.bias`, bias && (named.get(bias.inputs[1]) as string), names);
  values.set(weightName, folded);
  values.set(biasName, shift);
  const zeros = { kind: "zeros" } as const;
  const result = rebuilder.op(
    producer.op,
    producer.inputs.map((v) => rebuilder.get(v)),
    producer.attributes,
  );
  const biasValue = rebuilder.parameter({ name: biasName, initializer: zeros, trainable: true }, tensor("f32", [channels]));
  rebuilder.set(norm.outputs[0], rebuilder.op("add", [result, biasValue]));
}

/** batch_norm as x * scale + offset for each channel. */
export function normalisation(
  norm: Node,
  valueOf: (value: Value) => ArrayLike<number>,
): { scale: Float64Array; offset: Float64Array } {
  const center = booleanOf(norm.attributes, "center");
  const mean = valueOf(norm.inputs[1]);
  const variance = valueOf(norm.inputs[2]);
  const beta = center ? valueOf(norm.inputs[3]) : undefined;
  const gamma = booleanOf(norm.attributes, "scale") ? valueOf(norm.inputs[center ? 4 : 3]) : undefined;
  const epsilon = numberOf(norm.attributes, "epsilon");
  const scale = Float64Array.from(variance, (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + epsilon));
  return { scale, offset: scale.map((s, c) => (beta?.[c] ?? 0) - mean[c] * s) };
}

/** A name that no other parameter has. The layer's own former bias gives its name away. */
function unusedName(wanted: string, former: string | undefined, names: Set<string>): string {
  if (former !== undefined) return former;
  let name = wanted;
  for (let i = 2; names.has(name); i++) name = `${wanted}_${i}`;
  names.add(name);
  return name;
}
