import { UserError } from "../base/errors.js";
import type { GraphBuilder } from "../graph/builder.js";
import { quantizedType, type Scale, scaleOf } from "../graph/quantized.js";
import type { ParameterData, TensorType, Value } from "../graph/types.js";
import { tensor } from "../graph/types.js";
import { type ActivationType, activationScale, type Range, unitScale } from "./quantize_scale.js";

/** A parameter of the float graph. */
export interface FloatParameter {
  readonly name: string;
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** What stands for a value of the float graph: any of its forms, made when they are asked for. */
interface Entry {
  readonly parameter?: FloatParameter;
  float?: Value;
  readonly integers: Map<ActivationType, Value>;
}

/** How a value shall be stored. */
export interface Wanted {
  readonly dtype: ActivationType;
  readonly scale?: Scale;
}

/** The parameters of the graph that is written. */
export class ParameterStore {
  readonly #builder: GraphBuilder;
  readonly #names = new Set<string>();
  readonly values = new Map<string, ParameterData>();

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  /** Adds a parameter under this name, or the name with a number where another has it. */
  add(wanted: string, type: TensorType, data: ParameterData): Value {
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    this.values.set(name, data);
    return this.#builder.quantizedParameter(name, type);
  }
}

/** Writes a graph, or the body of a scan, of integers: values of the float graph are looked up in the form that an op takes. */
export class QuantizeScope {
  readonly builder: GraphBuilder;
  /** Element type of what ops give here. */
  readonly dtype: ActivationType;
  readonly #ranges: ReadonlyMap<Value, Range>;
  readonly #entries = new Map<Value, Entry>();
  readonly #wanted: Map<Value, Wanted>;
  readonly #addParameter: (name: string, type: TensorType, data: ParameterData) => Value;

  constructor(
    builder: GraphBuilder,
    dtype: ActivationType,
    ranges: ReadonlyMap<Value, Range>,
    wanted: Map<Value, Wanted>,
    addParameter: (name: string, type: TensorType, data: ParameterData) => Value,
  ) {
    this.builder = builder;
    this.dtype = dtype;
    this.#ranges = ranges;
    this.#wanted = wanted;
    this.#addParameter = addParameter;
  }

  #entry(value: Value): Entry {
    const entry = this.#entries.get(value);
    if (!entry) throw new Error(`value %${value.id} is not quantized yet`);
    return entry;
  }

  setParameter(value: Value, parameter: FloatParameter): void {
    this.#entries.set(value, { parameter, integers: new Map() });
  }

  setFloat(value: Value, float: Value): void {
    this.#entries.set(value, { float, integers: new Map() });
  }

  setInteger(value: Value, integer: Value): void {
    this.#entries.set(value, { integers: new Map([[integer.type.dtype as ActivationType, integer]]) });
  }

  /** The integers that stand for a value so far. */
  stored(value: Value): Value | undefined {
    return this.#entries.get(value)?.integers.values().next().value;
  }

  parameterOf(value: Value): FloatParameter | undefined {
    return this.#entries.get(value)?.parameter;
  }

  /** Lets `to` be what `from` is, as the result of an op that does nothing in inference. */
  alias(to: Value, from: Value): void {
    this.#entries.set(to, this.#entry(from));
  }

  addParameter(name: string, type: TensorType, data: ParameterData): Value {
    return this.#addParameter(name, type, data);
  }

  /** Says how a value must be stored, before the node that gives it is written. */
  want(value: Value, wanted: Wanted): void {
    this.#wanted.set(value, wanted);
  }

  /** As `want`, where nothing is said of the value yet. */
  wantIfFree(value: Value, wanted: Wanted): void {
    if (!this.#wanted.has(value)) this.#wanted.set(value, wanted);
  }

  /** How an op stores its result. */
  wantedOf(value: Value): { dtype: ActivationType; scale: Scale } {
    const wanted = this.#wanted.get(value);
    const dtype = wanted?.dtype ?? this.dtype;
    return { dtype, scale: wanted?.scale ?? this.scaleFor(value, dtype) };
  }

  rangeOf(value: Value): Range {
    const range = this.#ranges.get(value);
    if (!range) throw new UserError(`no range of value %${value.id} was observed`);
    return range;
  }

  /** The scale that the value's range asks for. */
  scaleFor(value: Value, dtype: ActivationType): Scale {
    return activationScale(this.rangeOf(value), dtype);
  }

  /** Whether the value stays in [-1, 1]. */
  isUnit(value: Value): boolean {
    const { low, high } = this.rangeOf(value);
    return low >= -1 && high <= 1;
  }

  /** The attributes of an op's result. */
  outputAttributes(
    dtype: ActivationType,
    { scale, zeroPoint }: Scale,
  ): { outputScale: number; outputZeroPoint: number; outputType: string } {
    return { outputScale: scale, outputZeroPoint: zeroPoint, outputType: dtype };
  }

  /** The value as real numbers. */
  asFloat(value: Value): Value {
    const entry = this.#entry(value);
    if (entry.float) return entry.float;
    const { parameter } = entry;
    if (parameter) entry.float = this.addParameter(parameter.name, tensor("f32", parameter.shape), parameter.data);
    else entry.float = this.builder.op("dequantize", [entry.integers.values().next().value as Value]);
    return entry.float;
  }

  /** The value as integers of that type, converted where it is stored in another way. */
  asInteger(value: Value, dtype: ActivationType): Value {
    const entry = this.#entry(value);
    const known = entry.integers.get(dtype);
    if (known) return known;
    const made = this.#integer(value, entry, dtype);
    entry.integers.set(dtype, made);
    return made;
  }

  #integer(value: Value, entry: Entry, dtype: ActivationType): Value {
    if (entry.parameter) return this.#integerParameter(entry.parameter, dtype);
    const other = entry.integers.values().next().value;
    if (other) return this.builder.op("requantize", [other], this.outputAttributes(dtype, this.#converted(value, other, dtype)));
    const wanted = this.#wanted.get(value);
    const scale = wanted?.dtype === dtype && wanted.scale ? wanted.scale : this.scaleFor(value, dtype);
    return this.builder.op("quantize", [entry.float as Value], this.outputAttributes(dtype, scale));
  }

  /** The scale of a stored value in another element type. */
  #converted(value: Value, stored: Value, dtype: ActivationType): Scale {
    const own = scaleOf(stored.type);
    // Sixteen steps for each of 8 bits: exact, and sums of products stay far inside 32 bits.
    if (dtype === "i16") return { scale: own.scale / 16, zeroPoint: 0 };
    return own.scale === unitScale("i16").scale && this.isUnit(value) ? unitScale(dtype) : this.scaleFor(value, dtype);
  }

  /** A parameter that is added or multiplied, not a weight: one scale. */
  #integerParameter({ name, data, shape }: FloatParameter, dtype: ActivationType): Value {
    const range = data.reduce<Range>((r, x) => ({ low: Math.min(r.low, x), high: Math.max(r.high, x) }), { low: 0, high: 0 });
    const scale = activationScale(range, dtype);
    const [low, high] = dtype === "i8" ? [-128, 127] : [-32768, 32767];
    const stored = Array.from(data, (x) => Math.max(low, Math.min(high, Math.round(x / scale.scale) + scale.zeroPoint)));
    const values = dtype === "i8" ? Int8Array.from(stored) : Int16Array.from(stored);
    return this.addParameter(name, quantizedType(dtype, shape, scale), values);
  }

  /** The value as integers at exactly that scale. */
  atScale(value: Value, dtype: ActivationType, scale: Scale): Value {
    const integer = this.asInteger(value, dtype);
    const found = scaleOf(integer.type);
    if (found.scale === scale.scale && found.zeroPoint === scale.zeroPoint) return integer;
    return this.builder.op("requantize", [integer], this.outputAttributes(dtype, scale));
  }
}
