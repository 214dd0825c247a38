import type { FrozenGraph, Source } from "./frozen_graph.js";

/** What a part of a graph must look like: an op with its inputs, a number, or a name that stands for whatever is found there. */
export type Pattern = string | number | OpPattern;

interface OpPattern {
  readonly op: string;
  readonly inputs: readonly Pattern[];
  /** Which of the node's outputs. */
  readonly output: number;
}

/** What the names of a pattern stand for. */
export type Bindings = ReadonlyMap<string, Source>;

/** A node with these inputs. */
export function op(name: string, ...inputs: readonly Pattern[]): OpPattern {
  return { op: name, inputs, output: 0 };
}

/** A result of a node that has several. */
export function outputOf(output: number, pattern: OpPattern): OpPattern {
  return { ...pattern, output };
}

const commutative = new Set(["Add", "AddV2", "Mul"]);
const sameOps: Readonly<Record<string, string>> = { AddV2: "Add" };

/**
 * Compares a part of a graph with a pattern. Sums and products may have their inputs in either order.
 * @returns what the names stand for, or undefined where it does not look so
 */
export function matchPattern(
  graph: FrozenGraph,
  from: Source,
  pattern: Pattern,
  bound: Bindings = new Map(),
): Bindings | undefined {
  if (typeof pattern === "string") {
    const before = bound.get(pattern);
    if (before) return before.node === from.node && before.output === from.output ? bound : undefined;
    return new Map(bound).set(pattern, from);
  }
  if (typeof pattern === "number") {
    const value = graph.constant(from);
    return value && value.data.length === 1 && value.data[0] === pattern ? bound : undefined;
  }
  const { node, output } = from;
  if ((sameOps[node.op] ?? node.op) !== pattern.op || output !== pattern.output) return undefined;
  const count = node.inputs.filter((input) => !input.startsWith("^")).length;
  if (count !== pattern.inputs.length) return undefined;
  const straight = matchInputs(graph, from, pattern.inputs, bound);
  if (straight || !commutative.has(node.op)) return straight;
  return matchInputs(graph, from, pattern.inputs.toReversed(), bound);
}

function matchInputs(graph: FrozenGraph, { node }: Source, patterns: readonly Pattern[], bound: Bindings): Bindings | undefined {
  let result: Bindings | undefined = bound;
  for (const [i, pattern] of patterns.entries()) {
    result = matchPattern(graph, graph.source(node, i), pattern, result);
    if (!result) return undefined;
  }
  return result;
}
