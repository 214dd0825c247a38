import { findOp } from "../graph/ops/index.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { overlap, type Place } from "./place.js";

/** Counts how many nodes still need a value (through views too), so that memory can be written over. */
export class UseCounter {
  readonly #root = new Map<Value, Value>();
  readonly #left = new Map<Value, number>();
  readonly #copies: (() => void)[] = [];

  /** @param copied outputs that need not be kept, as they are copied before the first node runs */
  constructor(graph: Graph, copied: ReadonlySet<Value> = new Set()) {
    for (const node of graph.nodes) {
      if (findOp(node.op).view) this.#root.set(node.outputs[0]!, this.root(node.inputs[0]!));
      else for (const v of node.inputs) this.#add(v, 1);
    }
    for (const { value } of graph.outputs) if (!copied.has(value)) this.#add(value, 1);
    for (const s of graph.states) this.#add(s.output, 1);
  }

  root(value: Value): Value {
    return this.#root.get(value) ?? value;
  }

  #add(value: Value, n: number): void {
    const r = this.root(value);
    this.#left.set(r, (this.#left.get(r) ?? 0) + n);
  }

  /** The node is about to run: its uses are over once it has. */
  leave(node: Node): void {
    if (!findOp(node.op).view) for (const v of node.inputs) this.#add(v, -1);
  }

  /** Whether nothing after the node that just left needs the value. */
  isLast(value: Value): boolean {
    return (this.#left.get(this.root(value)) ?? 0) === 0;
  }

  /** Whether nothing needs the node's input any more, and no result of the node lies there yet. */
  leaves(node: Node, input: number, place: Place, places: ReadonlyMap<Value, Place>): boolean {
    return this.isLast(node.inputs[input]!) && !node.outputs.some((v) => places.get(v)?.storage === place.storage);
  }

  /** Whether the place of a state or output may be written now: the old contents are not needed any more. */
  isFree(target: Place, places: ReadonlyMap<Value, Place>): boolean {
    for (const [value, place] of places) if (overlap(place, target) && !this.isLast(value)) return false;
    return true;
  }

  later(copy: () => void): void {
    this.#copies.push(copy);
  }

  finish(): void {
    for (const copy of this.#copies) copy();
  }
}
