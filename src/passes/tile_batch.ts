import { GraphBuilder } from "../graph/builder.js";
import type { Batching } from "../graph/op.js";
import { findOp } from "../graph/ops/index.js";
import { dtypeBytes, type Graph, type Node, sizeOf, tensor, type Value } from "../graph/types.js";
import { costlyOps } from "./costly_ops.js";

export interface Tiling {
  /** Inputs of the graph whose first axis is the batch. */
  readonly batched: readonly string[];
  /** Bytes that a part of the batch may keep busy; default half of a common second-level cache. */
  readonly cacheBytes?: number;
}

const defaultCacheBytes = 1 << 20;
/** A product is heavy where its weights take more than this part of the cache. */
const heavyShare = 16;
/** Groups of parts that threads share; sums over the batch have one partial sum a group. */
const mostGroups = 8;
/** Fewer parts than this are not worth a loop: threads would have too little to share. */
const leastParts = 4;
/** An element-wise value that needs more batches than this to be computed again is stored. */
const mostAnchors = 3;

/** A node that goes through the batch in parts. */
interface Tiled {
  readonly node: Node;
  readonly batching: Batching;
  readonly stage: number;
}

/** What a stage consists of, and the batches and other values that it takes. */
interface Stage {
  readonly stage: number;
  readonly members: readonly Node[];
  readonly sliced: readonly Value[];
  readonly captured: readonly Value[];
}

/** Batching of an element-wise node: operands of the result's rank are cut, others repeat. */
function elementwiseBatching(node: Node): Batching | undefined {
  const { shape } = node.outputs[0]!.type;
  const sliced: number[] = [];
  for (const [i, { type }] of node.inputs.entries())
    if (type.shape.length === shape.length && type.shape[0] !== 1) sliced.push(i);
  return sliced.length > 0 ? { sliced, gives: "rows" } : undefined;
}

const bytesOf = (value: Value): number => sizeOf(value.type.shape) * dtypeBytes[value.type.dtype];

/**
 * Finds loops over parts of the batch. A stage is everything that can be computed for a part of the batch once all sums over
 * the batch that it needs are there; sums over the batch (of a batch norm, of a weight's gradient) end a stage. Element-wise
 * values are computed again in the stage that needs them rather than stored.
 */
class Tiler {
  readonly #graph: Graph;
  readonly #batch: number;
  readonly #cacheBytes: number;
  readonly #tiled = new Map<Node, Tiled>();
  readonly #producer = new Map<Value, Node>();
  readonly #users = new Map<Value, Node[]>();
  /** When a node outside of loops runs: before the loop of that stage. */
  readonly #times = new Map<Node, number>();
  readonly #kept: ReadonlySet<Value>;
  /** Element-wise nodes whose value is stored. */
  readonly #stored = new Set<Node>();
  /** Nodes that take the batch as a whole, though they could take it in parts. */
  readonly #whole: ReadonlySet<Node>;

  constructor(graph: Graph, batch: number, tiling: Tiling, whole: ReadonlySet<Node>) {
    this.#whole = whole;
    this.#graph = graph;
    this.#batch = batch;
    this.#cacheBytes = tiling.cacheBytes ?? defaultCacheBytes;
    this.#kept = new Set([...graph.outputs.map((o) => o.value), ...graph.states.map((s) => s.output)]);
    for (const node of graph.nodes) {
      for (const v of node.outputs) this.#producer.set(v, node);
      for (const v of new Set(node.inputs)) this.#users.set(v, [...(this.#users.get(v) ?? []), node]);
    }
    this.#classify(new Set(graph.inputs.filter((i) => tiling.batched.includes(i.name)).map((i) => i.value)));
    this.#chooseStored();
  }

  #batchingOf(node: Node, rows: ReadonlySet<Value>): Batching | undefined {
    const definition = findOp(node.op);
    const types = (values: readonly Value[]) => values.map((v) => v.type);
    const batching = definition.batching
      ? definition.batching(types(node.inputs), types(node.outputs), node.attributes)
      : definition.expression && elementwiseBatching(node);
    if (!batching) return undefined;
    if (batching.sliced.some((i) => node.inputs[i]!.type.shape[0] !== this.#batch)) return undefined;
    // An expansion of statistics to a batch has no batch among its inputs.
    const expands = node.op === "expand" && node.outputs[0]!.type.shape.length > 1;
    if (!expands && !batching.sliced.some((i) => rows.has(node.inputs[i]!))) return undefined;
    if (batching.gives === "rows" && node.outputs.some((v) => v.type.shape[0] !== this.#batch)) return undefined;
    return batching;
  }

  /** Which nodes go through the batch in parts, and the stage or time of every node. */
  #classify(rows: Set<Value>): void {
    for (const node of this.#graph.nodes) {
      const batching = this.#batchingOf(node, rows);
      const inParts = batching && !this.#whole.has(node);
      const moments = node.inputs.map((v) => {
        const producer = this.#producer.get(v);
        if (!producer) return 0;
        const tiled = this.#tiled.get(producer);
        if (!tiled) return this.#times.get(producer)!;
        return inParts && tiled.batching.gives === "rows" ? tiled.stage : tiled.stage + 1;
      });
      const moment = Math.max(0, ...moments);
      if (inParts) this.#tiled.set(node, { node, batching, stage: moment });
      else this.#times.set(node, moment);
      // Sums over the batch may be as long as the batch (64 channels, batch 64): only what can go through in parts is a batch.
      if (batching?.gives === "rows") for (const v of node.outputs) rows.add(v);
    }
  }

  /** Whether a later stage computes the node's value again. */
  #isCheap(node: Node): boolean {
    const definition = findOp(node.op);
    const { batching } = this.#tiled.get(node)!;
    return (
      batching.gives === "rows" && (definition.expression !== undefined || definition.view === true) && !this.#stored.has(node)
    );
  }

  /** Stored batches that a cheap node's value is computed from. */
  #anchors(node: Node, found = new Set<Value>()): Set<Value> {
    for (const i of this.#tiled.get(node)!.batching.sliced) {
      const value = node.inputs[i]!;
      const producer = this.#producer.get(value);
      if (producer && this.#tiled.has(producer) && this.#isCheap(producer)) this.#anchors(producer, found);
      else found.add(value);
    }
    return found;
  }

  #chooseStored(): void {
    for (const { node, batching, stage } of this.#tiled.values()) {
      if (batching.gives !== "rows" || !this.#isCheap(node)) continue;
      const users = this.#users.get(node.outputs[0]!) ?? [];
      const outside = this.#kept.has(node.outputs[0]!) || users.some((u) => !this.#tiled.has(u));
      const later = users.some((u) => (this.#tiled.get(u)?.stage ?? stage) > stage);
      const dear = costlyOps.has(node.op) || this.#anchors(node).size > mostAnchors;
      if (outside || (later && dear)) this.#stored.add(node);
    }
  }

  /** The nodes of a stage in order, cheap ones of earlier stages that it computes again included. */
  #members(stage: number): Node[] {
    const members = new Set<Node>();
    const visit = (node: Node): void => {
      if (members.has(node)) return;
      members.add(node);
      for (const v of node.inputs) {
        const producer = this.#producer.get(v);
        const tiled = producer && this.#tiled.get(producer);
        if (!tiled || tiled.batching.gives !== "rows") continue;
        if (this.#isCheap(producer) || tiled.stage === stage) visit(producer);
      }
    };
    for (const { node, stage: s } of this.#tiled.values()) if (s === stage && !this.#isCheap(node)) visit(node);
    return this.#graph.nodes.filter((n) => members.has(n));
  }

  /** Bytes that a stage needs at once whatever the part's size (weights, sums), and bytes of all its batches. */
  #bytesOf({ members, sliced, captured }: Stage): { fixed: number; busy: number } {
    let busy = sliced.reduce((sum, v) => sum + bytesOf(v), 0);
    let fixed = captured.reduce((sum, v) => sum + bytesOf(v), 0);
    for (const node of members)
      for (const v of node.outputs) {
        if (this.#tiled.get(node)!.batching.gives !== "rows") fixed += bytesOf(v);
        else if (!findOp(node.op).view) busy += findOp(node.op).expression ? bytesOf(v) / 3 : bytesOf(v);
      }
    return { fixed, busy };
  }

  /** In stages whose weights do not fit the cache, the products that these belong to. */
  heavyProducts(): Set<Node> {
    const heavy = new Set<Node>();
    for (let stage = 0; stage <= this.#last(); stage++) {
      const found = this.#boundary(stage);
      if (this.#bytesOf(found).fixed <= this.#cacheBytes) continue;
      for (const node of found.members) {
        const { batching } = this.#tiled.get(node)!;
        const weights = node.inputs.filter((_, i) => !batching.sliced.includes(i));
        const bytes = [...weights, ...(batching.gives === "rows" ? [] : node.outputs)].reduce((sum, v) => sum + bytesOf(v), 0);
        if (findOp(node.op).multiplyAccumulates && bytes > this.#cacheBytes / heavyShare) heavy.add(node);
      }
    }
    this.#addJoined(heavy);
    return heavy;
  }

  /** Element-wise nodes that nothing else stands between and a heavy product: passes/fuse_products.ts can compute them with it. */
  #addJoined(heavy: Set<Node>): void {
    const isElementwise = (node: Node): boolean => findOp(node.op).expression !== undefined;
    const isOnlyUse = (v: Value): boolean => this.#users.get(v)?.length === 1 && !this.#kept.has(v);
    for (const node of this.#graph.nodes) {
      const joins = node.inputs.some((v) => isOnlyUse(v) && heavy.has(this.#producer.get(v)!));
      if (!joins || !isElementwise(node) || this.#tiled.get(node)?.batching.gives !== "rows") continue;
      heavy.add(node);
      for (const v of node.inputs) {
        const producer = this.#producer.get(v);
        if (producer && isElementwise(producer) && isOnlyUse(v)) heavy.add(producer);
      }
    }
  }

  /** Rows to a part; undefined where a loop would not pay. */
  #rowsOf(stage: Stage): number | undefined {
    // One op alone finds nothing in the cache, and may be computed together with a product.
    if (stage.members.length < 2) return undefined;
    const { fixed, busy } = this.#bytesOf(stage);
    if (fixed > this.#cacheBytes || busy <= 2 * this.#cacheBytes) return undefined;
    const most = Math.max(1, (this.#cacheBytes * this.#batch) / busy);
    let rows = Math.min(this.#batch, Math.floor(most));
    while (this.#batch % rows !== 0) rows--;
    return this.#batch / rows >= leastParts ? rows : undefined;
  }

  run(): Graph {
    const g = new GraphBuilder(this.#graph.name);
    const map = new Map<Value, Value>();
    for (const { name, value } of this.#graph.inputs) map.set(value, g.input(name, value.type));
    for (const p of this.#graph.parameters)
      map.set(p.value, g.parameter(p.name, p.value.type.shape, p.initializer, p.value.type.dtype, p.trainable));
    for (const s of this.#graph.states) map.set(s.input, g.state(s.name, s.input.type));
    for (let stage = 0; stage <= this.#last(); stage++) {
      for (const node of this.#graph.nodes) if (this.#times.get(node) === stage) copyNode(g, node, map);
      this.#stage(g, stage, map);
    }
    for (const { name, value } of this.#graph.outputs) g.output(name, map.get(value)!);
    for (const s of this.#graph.states) g.setState(map.get(s.input)!, map.get(s.output)!);
    return g.finish();
  }

  #last(): number {
    return Math.max(-1, ...this.#times.values(), ...[...this.#tiled.values()].map((t) => t.stage));
  }

  #boundary(stage: number): Stage {
    const members = this.#members(stage);
    const made = new Set(members.flatMap((n) => n.outputs));
    const sliced = new Set<Value>();
    const captured = new Set<Value>();
    for (const node of members)
      node.inputs.forEach((v, i) => {
        if (!made.has(v)) (this.#tiled.get(node)!.batching.sliced.includes(i) ? sliced : captured).add(v);
      });
    return { stage, members, sliced: [...sliced], captured: [...captured] };
  }

  #stage(g: GraphBuilder, number: number, map: Map<Value, Value>): void {
    const stage = this.#boundary(number);
    const { members, sliced, captured } = stage;
    if (members.length === 0) return;
    const rows = this.#rowsOf(stage);
    const both = captured.some((v) => sliced.includes(v));
    if (rows === undefined || both) {
      // Cheap values may have been computed in an earlier stage already.
      for (const node of members) if (!map.has(node.outputs[0]!)) copyNode(g, node, map);
      return;
    }
    this.#loop(g, stage, rows, map);
  }

  #loop(g: GraphBuilder, { stage, members, sliced, captured }: Stage, rows: number, map: Map<Value, Value>): void {
    const parts = this.#batch / rows;
    const groups = Math.min(mostGroups, parts);
    const body = new GraphBuilder(`stage${stage}`);
    const inner = new Map<Value, Value>();
    const partType = ({ type }: Value) => tensor(type.dtype, [rows, ...type.shape.slice(1)]);
    for (const [i, v] of sliced.entries()) inner.set(v, body.input(`x${i}`, partType(v)));
    for (const [i, v] of captured.entries()) inner.set(v, body.input(`c${i}`, v.type));
    for (const node of members) {
      const { batching } = this.#tiled.get(node)!;
      copyNode(body, node, inner, batching.attributes?.(rows) ?? node.attributes);
    }
    const of = (gives: Batching["gives"]): Node[] => members.filter((n) => this.#tiled.get(n)!.batching.gives === gives);
    const rowOutputs = of("rows").flatMap((n) => (this.#leaves(n, stage) ? n.outputs : []));
    const sums = of("sum").flatMap((n) => n.outputs);
    const moments = of("moments");
    const outputs = [...rowOutputs, ...sums, ...moments.flatMap((n) => n.outputs)];
    for (const [i, v] of outputs.entries()) body.output(`y${i}`, inner.get(v)!);
    const attributes = { parts, groups, sliced: sliced.length, rows: rowOutputs.length, sums: sums.length };
    const inputs = [...sliced, ...captured].map((v) => map.get(v)!);
    const results = g.apply("batch_loop", inputs, attributes, body.finish());
    const found = new Map(outputs.map((v, i) => [v, results[i]!]));
    for (const v of rowOutputs) map.set(v, found.get(v)!);
    for (const v of sums) map.set(v, g.op("sum", [found.get(v)!], { axes: [0], keep: false }));
    for (const node of moments) {
      const [mean, variance] = node.outputs.map((v) => found.get(v)!) as [Value, Value];
      // Parts of equal size: the variance of all is the mean variance within parts and the variance between them.
      const [whole, between] = g.apply("moments", [mean]);
      const within = g.op("mean", [variance], { axes: [0], keep: false });
      map.set(node.outputs[0]!, whole!);
      map.set(node.outputs[1]!, g.op("add", [within, between!]));
    }
  }

  /** Whether a value is needed outside of its stage's loop. */
  #leaves(node: Node, stage: number): boolean {
    if (this.#tiled.get(node)!.stage !== stage || this.#isCheap(node)) return false;
    const needs = (user: Node): boolean => {
      const tiled = this.#tiled.get(user);
      if (!tiled || tiled.stage !== stage) return true;
      return this.#isCheap(user) && (this.#users.get(user.outputs[0]!) ?? []).some(needs);
    };
    return node.outputs.some((v) => this.#kept.has(v) || (this.#users.get(v) ?? []).some(needs));
  }
}

function copyNode(g: GraphBuilder, node: Node, map: Map<Value, Value>, attributes = node.attributes): void {
  const inputs = node.inputs.map((v) => map.get(v)!);
  const outputs = g.apply(node.op, inputs, attributes, node.body);
  node.outputs.forEach((v, i) => map.set(v, outputs[i]!));
}

/** Brings batches through the graph in parts that fit a core's cache; see ops/batch_loop.ts. Differentiate and simplify before, fuse after. */
export function tileBatch(graph: Graph, tiling: Tiling): Graph {
  const input = graph.inputs.find((i) => tiling.batched.includes(i.name));
  const batch = input?.value.type.shape[0] ?? 1;
  if (batch < leastParts) return graph;
  const tiler = new Tiler(graph, batch, tiling, new Set());
  // Where a stage's weights are too many for a cache, what lies between its heavy products becomes stages of their own.
  const heavy = tiler.heavyProducts();
  return (heavy.size === 0 ? tiler : new Tiler(graph, batch, tiling, heavy)).run();
}
