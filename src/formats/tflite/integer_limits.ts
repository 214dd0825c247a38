import { integerRange, storedValue } from "../../graph/quantized.js";
import type { Node, Quantization } from "../../graph/types.js";
import { kindOfValue, type TfliteLowering } from "./lowering.js";
import { activation, type BuiltinOperator, type TfliteType } from "./schema.js";

/** The tensor that an operator of integers gives. */
export interface IntegerResult {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TfliteType;
  readonly quantization?: Quantization;
}

/** What limits the stored integers of a result: an activation inside the operator, and what MAXIMUM and MINIMUM do behind it. */
interface Limits {
  readonly activation: number;
  readonly low?: number;
  readonly high?: number;
}

/** The tensor of a node's result. */
export function resultOf(node: Node, lowering: TfliteLowering): IntegerResult {
  const [value] = node.outputs;
  return { ...kindOfValue(value), name: lowering.name(value), shape: value.type.shape };
}

/** @param fuses whether TFLite's operator has an activation */
function limitsOf(node: Node, fuses: boolean): Limits {
  const { dtype, quantization } = node.outputs[0].type;
  if (quantization === undefined) return { activation: activation.none };
  const [least, most] = integerRange(dtype);
  const low = typeof node.attributes.low === "number" ? node.attributes.low : least;
  const high = typeof node.attributes.high === "number" ? node.attributes.high : most;
  const scale = { scale: quantization.scale[0] ?? 1, zeroPoint: quantization.zeroPoint[0] ?? 0 };
  const stored = (x: number): number => storedValue(x, scale, dtype);
  if (fuses && high < most && low === stored(0) && high === stored(6)) return { activation: activation.relu6 };
  const above = high < most ? { high } : {};
  if (fuses && low > least && low === stored(0)) return { activation: activation.relu, ...above };
  return { activation: activation.none, ...(low > least ? { low } : {}), ...above };
}

function elementsOfType(type: TfliteType) {
  if (type === "int16") return Int16Array;
  return type === "uint8" ? Uint8Array : Int8Array;
}

/**
 * Writes an operator of integers, and behind it what limits its result where the operator cannot do so.
 * @param apply writes the operator itself with that result and activation
 */
export function writeLimited(
  node: Node,
  lowering: TfliteLowering,
  fuses: boolean,
  apply: (result: IntegerResult, activation: number) => number,
): void {
  const result = resultOf(node, lowering);
  const { activation: fused, low, high } = limitsOf(node, fuses);
  const behind: [BuiltinOperator, number][] = [];
  if (low !== undefined) behind.push(["MAXIMUM", low]);
  if (high !== undefined) behind.push(["MINIMUM", high]);
  const named = (done: number): IntegerResult =>
    done === behind.length ? result : { ...result, name: `${result.name}/${done === 0 ? "unlimited" : "above"}` };
  let tensor = apply(named(0), fused);
  for (const [i, [code, limit]] of behind.entries()) {
    const content = elementsOfType(result.type).of(limit);
    const bound = lowering.emitter.quantized(`${result.name}/limit`, [1], content, result.quantization as Quantization);
    const version = result.type === "int16" ? 4 : 2;
    tensor = lowering.emitter.apply(code, [tensor, bound], named(i + 1), ["MaximumMinimum", {}], version);
  }
  lowering.set(node.outputs[0], tensor);
}
