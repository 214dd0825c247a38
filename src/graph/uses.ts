import type { Graph, Node, Value } from "./types.js";

/** Who makes a graph's values and how often they are used; being a result or the next value of a state is a use. */
export interface ValueUses {
  usesOf(value: Value): number;
  makerOf(value: Value): Node | undefined;
  /** The node that makes a value which is used once; undefined for others, and for what no node makes. */
  soleMaker(value: Value): Node | undefined;
}

/** The uses of a graph's values, those inside of its nodes' bodies left out. */
export function valueUses({ nodes, outputs, states }: Pick<Graph, "nodes" | "outputs" | "states">): ValueUses {
  const makers = new Map<Value, Node>();
  const uses = new Map<Value, number>();
  const use = (value: Value): unknown => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of nodes) {
    for (const output of node.outputs) makers.set(output, node);
    node.inputs.forEach(use);
  }
  for (const { value } of outputs) use(value);
  for (const { output } of states) use(output);
  const usesOf = (value: Value): number => uses.get(value) ?? 0;
  return {
    usesOf,
    makerOf: (value) => makers.get(value),
    soleMaker: (value) => (usesOf(value) === 1 ? makers.get(value) : undefined),
  };
}
