import { shapeOf } from "../graph/attributes.js";
import { findOp } from "../graph/ops/index.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { bodiedNode, mostOperands } from "./bodied_node.js";
import { needed } from "./clone.js";
import { costlyOps } from "./costly_ops.js";

const mostNodes = 40;

interface Group {
  readonly members: Set<Node>;
  readonly shape: string;
}

const shapeText = (v: Value): string => `${v.type.dtype}[${v.type.shape.join(",")}]`;

function isElementwise(node: Node): boolean {
  return findOp(node.op).expression !== undefined && node.outputs.length === 1;
}

/** Whether a loop can read the slice where it lies: neighbours stay neighbours. */
function isReadInPlace(node: Node): boolean {
  if (node.op !== "slice" || node.outputs[0]!.type.quantization) return false;
  const strides = shapeOf(node.attributes, "strides");
  return strides[strides.length - 1] === 1;
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
      // A member of another group stands for the whole group, which runs as one and is looked at once.
      const whole = this.#groups.get(n)?.members ?? [n];
      for (const m of whole) seen.add(m);
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

  /**
   * Whether the node had better be part of its user's loop than of the one that makes its operand, as that operand is stored
   * anyway: the mask of a relu's gradient, which is read off the relu's result.
   */
  #waitsForUser(node: Node): boolean {
    const [value] = node.outputs;
    const users = this.#uses.get(value!) ?? [];
    if (users.length !== 1 || this.#kept.has(value!) || costlyOps.has(node.op)) return false;
    if (!isElementwise(users[0]!) || shapeText(users[0]!.outputs[0]!) !== shapeText(value!)) return false;
    const isStored = (v: Value): boolean => this.#kept.has(v) || this.#uses.get(v)!.some((n) => !isElementwise(n));
    return node.inputs.length === 1 && isStored(node.inputs[0]!);
  }

  /** The concat that alone takes the value: a loop that makes all its parts writes them there, as one tensor. */
  #concatOf(value: Value): Node | undefined {
    const [user, ...others] = this.#uses.get(value) ?? [];
    const isPart = user?.op === "concat" && others.length === 0 && !this.#kept.has(value);
    return isPart && user.inputs.every((v) => shapeText(v) === shapeText(value)) ? user : undefined;
  }

  /** Whether the nodes may be one loop. */
  #fits(members: Set<Node>): boolean {
    if (members.size > mostNodes) return false;
    const { outputs } = boundary(members, this.#uses, this.#kept);
    const { inputs } = boundary(new Set(this.#nodesOf(members)), this.#uses, this.#kept);
    const written = new Set(outputs.map((v) => this.#concatOf(v) ?? v));
    return inputs.length + written.size <= mostOperands && !this.#passesOutside(members);
  }

  /** The node with all groups that its operands come from and that may be one loop with it. */
  #join(node: Node): void {
    let group: Group = { members: new Set([node]), shape: shapeText(node.outputs[0]!) };
    this.#groups.set(node, group);
    if (this.#waitsForUser(node)) return;
    const operands = [...node.inputs];
    for (const v of operands) {
      const producer = this.#producer.get(v);
      const other = producer && this.#groups.get(producer);
      if (!other || other === group || other.shape !== group.shape) continue;
      const members = new Set([...other.members, ...group.members]);
      if (!this.#fits(members)) continue;
      group = { members, shape: group.shape };
      for (const member of members) this.#groups.set(member, group);
      if (this.#waitsForUser(producer)) operands.push(...producer.inputs);
    }
  }

  /** A concat of what one loop makes is written by that loop. */
  #joinConcat(node: Node): void {
    const made = node.inputs.map((v) => this.#producer.get(v)).map((n) => n && this.#groups.get(n));
    const [first] = made;
    if (!first || node.outputs[0]!.type.quantization) return;
    if (made.some((g) => g?.shape !== first.shape) || node.inputs.some((v) => shapeText(v) !== first.shape)) return;
    let members = new Set([...made.flatMap((g) => [...g!.members]), node]);
    if (!this.#fits(members)) return;
    // What the parts are made of may have been too many tensors before the parts were one.
    for (const value of [...members].flatMap((n) => n.inputs)) {
      const other = this.#groups.get(this.#producer.get(value)!);
      if (other?.shape !== first.shape || [...other.members].every((n) => members.has(n))) continue;
      const both = new Set([...members, ...other.members]);
      if (this.#fits(both)) members = both;
    }
    const group = { members, shape: first.shape };
    for (const member of members) this.#groups.set(member, group);
  }

  /** The members of a group in order, after the slices that they read where they lie. */
  #nodesOf(members: ReadonlySet<Node>): Node[] {
    const slices = new Set<Node>();
    for (const node of members)
      for (const v of node.op === "concat" ? [] : node.inputs) {
        const producer = this.#producer.get(v);
        if (producer && isReadInPlace(producer)) slices.add(producer);
      }
    const inOrder = (nodes: Iterable<Node>): Node[] => [...nodes].sort((a, b) => this.#position.get(a)! - this.#position.get(b)!);
    return [...inOrder(slices), ...inOrder(members)];
  }

  #fuse(group: Group): Node {
    const nodes = this.#nodesOf(group.members);
    const { outputs } = boundary(group.members, this.#uses, this.#kept);
    const { inputs } = boundary(new Set(nodes), this.#uses, this.#kept);
    return bodiedNode("fused", inputs, outputs, nodes);
  }

  run(): Graph {
    for (const node of this.#graph.nodes)
      if (isElementwise(node)) this.#join(node);
      else if (node.op === "concat") this.#joinConcat(node);
    const nodeOf = new Map<Node, Node>();
    for (const group of new Set(this.#groups.values()))
      if (this.#nodesOf(group.members).length > 1) {
        const fused = this.#fuse(group);
        for (const member of group.members) nodeOf.set(member, fused);
      }
    const nodes = this.#schedule(nodeOf);
    // Slices that every user reads where they lie are not made.
    const isUnused = new Set(nodes);
    for (const n of needed({ nodes }, this.#kept)) isUnused.delete(n);
    return { ...this.#graph, nodes: nodes.filter((n) => n.op !== "slice" || !isUnused.has(n)) };
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

/**
 * Element-wise chains become one loop each, in the graph and in the bodies of its loops. Slices that such a loop reads, and
 * concats of what it makes, become part of it: it reads and writes at the places where they lie.
 */
export function fuse(graph: Graph): Graph {
  const inner = graph.nodes.map((node) =>
    (node.op === "scan" || node.op === "batch_loop") && node.body ? { ...node, body: fuse(node.body) } : node,
  );
  return new Fuser({ ...graph, nodes: inner }).run();
}
