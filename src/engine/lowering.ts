import { InternalError, invariant } from "../base/errors.js";
import type { BatchLoopContext, LoopContext, LowerContext, Region } from "../graph/lower.js";
import { findOp } from "../graph/ops/index.js";
import { type DType, type Graph, type Node, sizeOf, type TensorType, tensor, type Value } from "../graph/types.js";
import type { Kernel } from "../kernels/language.js";
import { mapKernel } from "../kernels/map.js";
import type { KernelLabel } from "../kernels/program.js";
import { type Draft, takeInvariant } from "./draft.js";
import { type ElementwiseSource, lowerElementwise } from "./elementwise.js";
import { addsItself, elementwiseInputs, fitsInto, mayBecome, mayWrite, wantedPlaces } from "./in_place.js";
import { labelOf } from "./kernel_label.js";
import { type Storage, storageBytes } from "./memory.js";
import { type Place, partOf, sliceOf } from "./place.js";
import { lowerProduct } from "./product.js";
import type { TargetWidth } from "./target_width.js";
import { UseCounter } from "./use_counter.js";

/** Elements of all operands of a call, and its multiply-adds, that take no longer than threads need to meet: one does them. */
const small = { elements: 4096, multiplyAccumulates: 1 << 15 };

/** Brings nodes down to calls of kernels over places, one after another; says when each place is needed. */
export class Lowering {
  readonly storages: Storage[] = [];
  readonly kernels: Kernel[] = [];
  readonly labels: KernelLabel[] = [];
  readonly constants: { place: Place; data: ArrayBufferView }[] = [];
  readonly drafts: Draft[] = [];
  readonly width: TargetWidth;
  readonly #keys = new Map<string, number>();
  readonly #constantPlaces = new Map<string, Place>();
  readonly #loops: number[] = [];
  #block: Draft[] = this.drafts;
  #time = 0;
  #loopCount = 0;
  #regions = 0;
  #current: Node | undefined;
  #touchedInLoop: Set<Storage>[] = [];
  /** Whether the loops around what is lowered now belong to one thread. */
  #own = false;
  readonly #touched = new Set<Storage>();
  /** Memory made in a loop, from what is the same in every turn. */
  readonly #repeated = new Set<Storage>();
  /** What is read after a product, by the product. */
  readonly #next = new Map<Node, readonly Region[]>();
  /** Whether the loop around has one turn. */
  #once = false;

  constructor(width: TargetWidth) {
    this.width = width;
  }

  storage(label: string, bytes: number, persistent: boolean): Storage {
    const s: Storage = {
      id: this.storages.length,
      bytes,
      label,
      persistent,
      first: this.#time,
      last: this.#time,
      loop: this.#loop,
      own: this.#own && !persistent,
      offset: 0,
    };
    this.storages.push(s);
    return s;
  }

  place(type: TensorType, storage: Storage): Place {
    return { id: this.#regions++, type, storage, base: 0, strides: [] };
  }

  fresh(label: string, type: TensorType, persistent = false): Place {
    return this.place(type, this.storage(label, storageBytes(type.dtype, sizeOf(type.shape), this.width.alignment), persistent));
  }

  view(of: Place, type: TensorType): Place {
    return { ...of, id: this.#regions++, type };
  }

  constant(data: Float32Array | Float64Array | Int32Array): Place {
    const dtype: DType = data instanceof Float32Array ? "f32" : data instanceof Float64Array ? "f64" : "i32";
    const key = `${dtype} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")}`;
    const known = this.#constantPlaces.get(key);
    if (known) return known;
    const place = this.fresh("constant", tensor(dtype, [data.length]), true);
    this.constants.push({ place, data: data.slice() });
    this.#constantPlaces.set(key, place);
    return place;
  }

  call(key: string, make: () => Kernel, regions: readonly Region[]): void {
    let kernel = this.#keys.get(key);
    if (kernel === undefined) {
      kernel = this.kernels.length;
      const made = make();
      this.kernels.push(made);
      this.labels.push(labelOf(made, this.#current));
      this.#keys.set(key, kernel);
    }
    const places = regions as readonly Place[];
    this.#time++;
    for (const { storage } of places) {
      if (this.width.library && !this.#touched.has(storage) && storage.loop === this.#loop) storage.first = this.#time;
      this.#touched.add(storage);
      storage.last = this.#time;
      this.#loops.forEach((loop, depth) => {
        if (storage.loop < loop) this.#touchedInLoop[depth]!.add(storage);
      });
    }
    const { buffers } = this.kernels[kernel]!;
    if (places.every((p, i) => buffers[i]!.written || this.#repeats(p)))
      places.forEach(({ storage }, i) => buffers[i]!.written && storage.loop === this.#loop && this.#repeated.add(storage));
    const elements = places.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
    const isSmall = elements <= small.elements && this.labels[kernel]!.multiplyAccumulates <= small.multiplyAccumulates;
    this.#block.push({ kind: "call", kernel, places: [...places], ...(isSmall ? { isSmall } : {}) });
  }

  #repeats({ storage, strides }: Place): boolean {
    if (this.#loops.length === 0 || this.#once || strides.some((s) => s !== 0)) return false;
    return storage.loop < this.#loop || this.#repeated.has(storage);
  }

  copy(from: Region, to: Region): void {
    const size = sizeOf(to.type.shape);
    const operand = { element: from.type.dtype, strides: [1], offset: 0 };
    const make = (): Kernel =>
      mapKernel({ shape: [size], inputs: [operand], outputs: [operand], body: (_, [x]) => [x!] }, this.width.lanes);
    this.call(`copy ${from.type.dtype} ${size}`, make, [from, to]);
  }

  get #loop(): number {
    return this.#loops[this.#loops.length - 1] ?? 0;
  }

  /** What `fill` calls, as the body of a loop one deeper than what is lowered now. */
  #within(fill: (context: LoopContext) => void): Draft[] {
    const outer = this.#block;
    const body: Draft[] = [];
    this.#time++;
    this.#loops.push(++this.#loopCount);
    this.#touchedInLoop.push(new Set());
    this.#block = body;
    const depth = this.#loops.length - 1;
    fill({
      slice: (region, ahead) => this.#slice(region as Place, depth, [], ahead),
      adds: addsItself,
      next: (node, regions) => this.#next.set(node, regions),
      graph: (graph, inputs, outputs) => this.inner(graph, inputs as readonly Place[], outputs as readonly (Place | undefined)[]),
    });
    this.#block = outer;
    this.#loops.pop();
    this.#time++;
    // What lives outside the loop is needed until its last turn.
    for (const s of this.#touchedInLoop.pop()!) s.last = this.#time;
    return body;
  }

  loop(count: number, reverse: boolean, fill: (loop: LoopContext) => void): void {
    const start = this.#time;
    const [around, once] = [this.#loop, this.#once];
    this.#once = count === 1;
    const body = this.#within(fill);
    this.#once = once;
    // The graph's own nodes have been hoisted before (passes/hoist.ts).
    if (count > 1) this.#hoist(body, [], around, start, ({ name }) => name === "pack");
    this.#block.push({ kind: "loop", count, reverse, body });
  }

  /** Calls that do the same in every turn of a loop run before it. */
  #hoist(
    body: Draft[],
    first: readonly Draft[],
    around: number,
    start: number,
    may: (kernel: Kernel) => boolean = () => true,
  ): void {
    for (const call of takeInvariant(body, first, this.kernels, around, may)) {
      call.places.forEach(({ storage }, i) => {
        if (!this.kernels[call.kernel]!.buffers[i]!.written) return;
        Object.assign(storage, { own: this.#own, loop: around, first: start, last: this.#time });
      });
      this.#block.push(call);
    }
  }

  batchLoop(groups: number, parts: number, fillFirst: (loop: LoopContext) => void, fill: (loop: BatchLoopContext) => void): void {
    invariant(!this.#own, "a loop over a batch inside another");
    const start = this.#time;
    const loop = this.#loop;
    this.#own = true;
    let first: Draft[] = [];
    let body: Draft[] = [];
    this.#within((group) => {
      const depth = this.#loops.length - 1;
      first = this.#block;
      fillFirst(group);
      body = this.#within((part) =>
        fill({
          slice: group.slice,
          adds: addsItself,
          graph: part.graph,
          row: (region) => this.#slice(region as Place, depth + 1),
          next: group.next,
          rows: (region, ahead = 0) => {
            const place = region as Place;
            const [rows = 0] = place.type.shape;
            invariant(rows % parts === 0, `a batch of ${rows} in ${parts} parts`);
            return this.#slice(place, depth + 1, [rows / parts], ahead);
          },
        }),
      );
    });
    this.#own = false;
    this.#hoist(body, first, loop, start);
    this.#block.push({ kind: "batch", groups, parts, first, body });
  }

  #slice(region: Place, depth: number, rows: readonly number[] = [], ahead = 0): Place {
    return { ...sliceOf(region, depth, rows, ahead), id: this.#regions++ };
  }

  part(region: Place, index: number): Place {
    return { ...partOf(region, index), id: this.#regions++ };
  }

  /** Lowers the nodes of a graph whose inputs already have places. `wanted` names places for values (graph outputs, states). */
  nodes(graph: Graph, places: Map<Value, Place>, wanted: ReadonlyMap<Value, Place>, copied?: ReadonlySet<Value>): void {
    const uses = new UseCounter(graph, copied);
    for (const node of graph.nodes) {
      uses.leave(node);
      this.#node(node, places, wanted, uses);
    }
    uses.finish();
  }

  #node(node: Node, places: Map<Value, Place>, wanted: ReadonlyMap<Value, Place>, uses: UseCounter): void {
    const definition = findOp(node.op);
    const inputs = node.inputs.map((v) => this.#at(places, v, node));
    if (definition.view) {
      const value = node.outputs[0]!;
      const place = this.view(inputs[0]!, value.type);
      places.set(value, place);
      const target = wanted.get(value);
      if (target) uses.later(() => this.copy(place, target));
      return;
    }
    const known = this.width.library?.constantOf(node);
    if (known) {
      places.set(node.outputs[0]!, this.view(this.constant(known), node.outputs[0]!.type));
      return;
    }
    const elementwise: ElementwiseSource | undefined = definition.expression || node.op === "fused" ? { node } : undefined;
    const outputs = node.outputs.map((value, o) => {
      const given = wanted.get(value);
      if (given?.adds) return given;
      const walked = elementwiseInputs(node, inputs, o);
      const mayTake = given && (mayWrite(given, walked, inputs) || this.#mayWriteOver(node, inputs, given));
      if (given) return mayTake && uses.isFree(given, places) ? given : this.fresh(node.op, value.type);
      if (elementwise) {
        const isFree = (p: Place, i: number): boolean => p.storage.loop === this.#loop && uses.leaves(node, i, p, places);
        const reused = inputs.find((p, i) => mayBecome(value.type, p, walked, inputs) && isFree(p, i));
        if (reused) {
          const place = this.view(reused, value.type);
          places.set(value, place);
          return place;
        }
      }
      return this.#overInput(node, inputs, uses) ?? this.fresh(node.op, value.type);
    });
    node.outputs.forEach((value, i) => places.set(value, outputs[i]!));
    this.#current = node;
    const context = this.#context(node, inputs, outputs);
    if (this.width.library?.lower(node, context)) {
      // The target has done it.
    } else if (elementwise) lowerElementwise(context, elementwise);
    else if (node.op === "product") lowerProduct(context, node);
    else if (definition.lower) definition.lower(context);
    else throw new InternalError(`${node.op} has no kernel`);
    node.outputs.forEach((value, i) => {
      const target = wanted.get(value);
      if (target && target !== outputs[i]) uses.later(() => this.copy(outputs[i]!, target));
    });
  }

  /** Whether the target's kernel may write a state where the node reads it. */
  #mayWriteOver(node: Node, inputs: readonly Place[], given: Place): boolean {
    const index = this.width.library?.inPlace(node);
    return index !== undefined && inputs.every((p, i) => (p.storage === given.storage) === (i === index));
  }

  /** The input's memory as the result's, where the target's kernel may and nothing needs the input any more. */
  #overInput(node: Node, inputs: readonly Place[], uses: UseCounter): Place | undefined {
    const index = this.width.library?.inPlace(node);
    if (index === undefined) return undefined;
    const [place, type] = [inputs[index]!, node.outputs[0]!.type];
    const isFree = place.storage.loop === this.#loop && uses.isLast(node.inputs[index]!);
    return isFree && fitsInto(type, place) ? this.view(place, type) : undefined;
  }

  #at(places: Map<Value, Place>, value: Value, node: Node): Place {
    const place = places.get(value);
    if (!place) throw new InternalError(`${node.op} uses a value that no earlier node gives`);
    return place;
  }

  #context(node: Node, inputs: readonly Place[], outputs: readonly Place[]): LowerContext {
    return {
      inputs,
      outputs,
      attributes: node.attributes,
      ...(node.body ? { body: node.body } : {}),
      lanes: this.width.lanes,
      registers: this.width.registers,
      alone: this.#own || this.width.alone === true,
      ...(this.#next.has(node) ? { next: this.#next.get(node)! } : {}),
      repeats: (region) => this.#repeats(region as Place),
      workspace: (dtype, elements) => this.fresh(`${node.op} workspace`, tensor(dtype, [elements])),
      constant: (data) => this.constant(data),
      call: (key, make, regions) => this.call(key, make, regions),
      copy: (from, to) => this.copy(from, to),
      part: (region, index) => this.part(region as Place, index),
      loop: (count, reverse, body) => this.loop(count, reverse, body),
      batchLoop: (groups, parts, first, body) => this.batchLoop(groups, parts, first, body),
    };
  }

  /** The cell of a scan: parameters of the body are its inputs. */
  inner(graph: Graph, inputs: readonly Place[], outputs: readonly (Place | undefined)[]): readonly Place[] {
    const places = new Map<Value, Place>();
    graph.inputs.forEach(({ value }, i) => places.set(value, inputs[i]!));
    const passed = this.#passOn(graph, places, outputs);
    const wanted = wantedPlaces(graph, places, outputs);
    this.nodes(graph, places, wanted, new Set([...passed.keys()].map((i) => graph.outputs[i]!.value)));
    return graph.outputs.map(({ value }, i) => {
      const place = passed.get(i) ?? places.get(value);
      if (!place) throw new InternalError("an output of a cell is not made by it");
      const target = outputs[i];
      if (target && place !== target && wanted.get(value) !== target) this.copy(place, target);
      return target ?? place;
    });
  }

  /** Copies outputs that are inputs before any node writes over them: to their targets, or aside where those are read yet. */
  #passOn(graph: Graph, places: ReadonlyMap<Value, Place>, outputs: readonly (Place | undefined)[]): Map<number, Place> {
    const passed = new Map<number, Place>();
    const read = new Set([...places.values()].map((p) => p.storage));
    graph.outputs.forEach(({ value }, i) => {
      const [place, target] = [places.get(value), outputs[i]];
      if (!place || !target) return;
      const to = place === target || !read.has(target.storage) ? target : this.fresh("passed", value.type);
      if (to !== place) this.copy(place, to);
      passed.set(i, to);
    });
    return passed;
  }
}
