import { findOp } from "../graph/ops/index.js";
import type { Graph, NamedValue, Node, Value } from "../graph/types.js";

/** A fused loop reads and writes at most this many tensors, so that its pointers stay in registers. */
const mostOperands = 12;
const mostNodes = 40;

interface Group {
  readonly members: Set<Node>;
  readonly shape: string;
}

const shapeText = (v: Value): string => `${v.type.dtype}[${v.type.shape.join(",")}]`;

function isElementwise(node: Node): boolean {
  return findOp(node.op).expression !== undefined && node.outputs.length === 1;
}

/** Values that enter and leave a set of nodes. */
function boundary(
  members: Set<Node>,
  uses: ReadonlyMap<Value, readonly Node[]>,
  kept: ReadonlySet<Value>,
): { inputs: Value[]; outputs: Value[] } {
  const made = new Set([...members].flatMap((n) => n.outputs));
  const inputs = new Set([...members].flatMap((n) => n.inputs.filter((v) => !made.has(v))));
  const outputs = [...made].filter((v) => kept.has(v) || (uses.get(v) ?? []).some((n) => !members.has(n)));
  return { inputs: [...inputs], outputs };
}

class Fuser {
  readonly #graph: Graph;
  readonly #producer = new Map<Value, Node>();
  readonly #position = new Map<Node, number>();
  readonly #uses = new Map<Value, Node[]>();
  readonly #kept: Set<Value>;
  readonly #groups = new Map<Node, Group>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#kept = new Set([...graph.outputs.map((o) => o.value), ...graph.states.map((s) => s.output)]);
    graph.nodes.forEach((node, i) => {
      this.#position.set(node, i);
      for (const v of node.outputs) this.#producer.set(v, node);
      for (const v of new Set(node.inputs)) this.#uses.set(v, [...(this.#uses.get(v) ?? []), node]);
    });
  }

  /** Whether some node outside lies on a way from one member to another: then they cannot be one loop. */
  #passesOutside(members: ReadonlySet<Node>): boolean {
    const first = Math.min(...[...members].map((n) => this.#position.get(n)!));
    const seen = new Set<Node>();
    const reaches = (n: Node): boolean => {
      if (this.#position.get(n)! < first || seen.has(n)) return false;
      seen.add(n);
      // A member of another group stands for the whole group, which runs as one.
      const whole = this.#groups.get(n)?.members ?? [n];
      for (const m of whole)
        for (const v of m.inputs) {
          const p = this.#producer.get(v);
          if (!p || whole === this.#groups.get(p)?.members) continue;
          if (members.has(p) || reaches(p)) return true;
        }
      return false;
    };
    for (const n of members)
      for (const v of n.inputs) {
        const p = this.#producer.get(v);
        if (p !== undefined && !members.has(p) && reaches(p)) return true;
      }
    return false;
  }

  /** Whether the nodes may be one loop. */
  #fits(members: Set<Node>): boolean {
    if (members.size > mostNodes) return false;
    const { inputs, outputs } = boundary(members, this.#uses, this.#kept);
    return inputs.length + outputs.length <= mostOperands && !this.#passesOutside(members);
  }

  /** The node with all groups that its operands come from and that may be one loop with it. */
  #join(node: Node): void {
    let group: Group = { members: new Set([node]), shape: shapeText(node.outputs[0]!) };
    for (const v of node.inputs) {
      const producer = this.#producer.get(v);
      const other = producer && this.#groups.get(producer);
      if (!other || other === group || other.shape !== group.shape) continue;
      const members = new Set([...other.members, ...group.members]);
      if (!this.#fits(members)) continue;
      group = { members, shape: group.shape };
      for (const member of members) this.#groups.set(member, group);
    }
    this.#groups.set(node, group);
  }

  #fuse(group: Group): Node {
    const nodes = [...group.members].sort((a, b) => this.#position.get(a)! - this.#position.get(b)!);
    const { inputs, outputs } = boundary(group.members, this.#uses, this.#kept);
    const name = (list: readonly Value[], prefix: string): NamedValue[] =>
      list.map((value, i) => ({ name: `${prefix}${i}`, value }));
    const body: Graph = {
      name: "fused",
      inputs: name(inputs, "x"),
      parameters: [],
      states: [],
      nodes,
      outputs: name(outputs, "y"),
    };
    return { op: "fused", inputs, outputs, attributes: {}, body };
  }

  run(): Graph {
    for (const node of this.#graph.nodes) if (isElementwise(node)) this.#join(node);
    const nodeOf = new Map<Node, Node>();
    for (const group of new Set(this.#groups.values()))
      if (group.members.size > 1) {
        const fused = this.#fuse(group);
        for (const member of group.members) nodeOf.set(member, fused);
      }
    return { ...this.#graph, nodes: this.#schedule(nodeOf) };
  }

  /** Each fused node runs as soon as the first of its users needs it; everything else keeps its order. */
  #schedule(nodeOf: ReadonlyMap<Node, Node>): Node[] {
    const done = new Set<Node>();
    const order: Node[] = [];
    const place = (old: Node): void => {
      const node = nodeOf.get(old) ?? old;
      if (done.has(node)) return;
      done.add(node);
      for (const v of node.inputs) {
        const p = this.#producer.get(v);
        if (p) place(p);
      }
      order.push(node);
    };
    const last = new Map<Node, Node>();
    for (const node of this.#graph.nodes) last.set(nodeOf.get(node) ?? node, node);
    for (const node of this.#graph.nodes) if (last.get(nodeOf.get(node) ?? node) === node) place(node);
    return order;
  }
}

/** Element-wise chains become one loop each, in the graph and in the bodies of its loops. */
export function fuse(graph: Graph): Graph {
  const inner = graph.nodes.map((node) =>
    (node.op === "scan" || node.op === "batch_loop") && node.body ? { ...node, body: fuse(node.body) } : node,
  );
  return new Fuser({ ...graph, nodes: inner }).run();
}
