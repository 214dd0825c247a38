/**
 * The loop language: what every op is written in, once. A kernel is a function from buffers to buffers, made for
 * static shapes; the printers (javascript.ts, wasm.ts, c.ts) turn it into code of the same meaning.
 *
 * Rules that hold in every printing:
 * - f32 arithmetic rounds after every operation; `fma` rounds once where the target has it, twice elsewhere.
 * - max(a, b) is a > b ? a : b, min(a, b) is a < b ? a : b (the second operand where one is NaN).
 * - i32 add, sub and mul must not overflow (they are indices and bounded sums); wrap_add and wrap_mul wrap; shifts take
 *   0..31; div and rem truncate and are used for operands >= 0.
 * - doubling_high_mul(a, b) is floor((2 a b + 2^31) / 2^32) of i32: the upper half of twice the product, rounded to
 *   nearest, ties up; not for a = b = -2^31.
 * - convert f32 -> i32 truncates, for values inside the i32 range.
 * - a comparison gives a mask, which only select, and, or take.
 */

/** Types in memory. */
export type ElementType = "f32" | "f64" | "i32" | "i16" | "i8" | "u8";
/** Types in registers: narrow integers are widened by load and cut by store. */
export type ComputeType = "f32" | "f64" | "i32" | "mask";

export type UnaryOperator = "neg" | "abs" | "sqrt" | "floor" | "ceil" | "nearest" | "exp" | "log" | "tanh" | "not";
export type BinaryOperator =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "min"
  | "max"
  | "wrap_add"
  | "wrap_mul"
  | "doubling_high_mul"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr"
  | "shru"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "eq"
  | "ne";

export type Expression =
  | { readonly kind: "constant"; readonly type: ComputeType; readonly lanes: number; readonly value: number }
  | { readonly kind: "variable"; readonly type: ComputeType; readonly lanes: number; readonly name: string }
  | {
      readonly kind: "load";
      readonly type: ComputeType;
      readonly lanes: number;
      readonly buffer: Buffer;
      readonly index: Expression;
    }
  | {
      readonly kind: "unary";
      readonly type: ComputeType;
      readonly lanes: number;
      readonly operator: UnaryOperator;
      readonly operand: Expression;
    }
  | {
      readonly kind: "binary";
      readonly type: ComputeType;
      readonly lanes: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "fma";
      readonly type: ComputeType;
      readonly lanes: number;
      readonly a: Expression;
      readonly b: Expression;
      readonly c: Expression;
    }
  | {
      readonly kind: "select";
      readonly type: ComputeType;
      readonly lanes: number;
      readonly condition: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    }
  | { readonly kind: "convert"; readonly type: ComputeType; readonly lanes: number; readonly operand: Expression }
  | { readonly kind: "bits"; readonly type: ComputeType; readonly lanes: number; readonly operand: Expression }
  | { readonly kind: "splat"; readonly type: ComputeType; readonly lanes: number; readonly operand: Expression }
  | {
      readonly kind: "part";
      readonly type: ComputeType;
      readonly lanes: number;
      readonly operand: Expression;
      /** First lane. */
      readonly at: number;
    }
  | {
      readonly kind: "shuffle";
      readonly type: ComputeType;
      readonly lanes: number;
      readonly a: Expression;
      readonly b: Expression;
      /** For each lane of the result the lane of a, or of b behind those of a. */
      readonly pattern: readonly number[];
    }
  | {
      readonly kind: "horizontal";
      readonly type: ComputeType;
      readonly lanes: 1;
      readonly operator: "add" | "max" | "min";
      readonly operand: Expression;
    };

export type Statement =
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly from: Expression;
      readonly to: Expression;
      readonly step: number;
      readonly body: Statement[];
    }
  | { readonly kind: "declare"; readonly name: string; readonly value: Expression; readonly mutable: boolean }
  | { readonly kind: "assign"; readonly name: string; readonly value: Expression }
  | { readonly kind: "store"; readonly buffer: Buffer; readonly index: Expression; readonly value: Expression }
  | { readonly kind: "prefetch"; readonly buffer: Buffer; readonly index: Expression }
  | { readonly kind: "if"; readonly condition: Expression; readonly then: Statement[]; readonly otherwise: Statement[] };

/** A buffer argument of a kernel; indices count elements. */
export interface Buffer {
  readonly name: string;
  readonly element: ElementType;
  readonly written: boolean;
}

/** A function (buffers..., begin, end): runs its parallel loop from begin to end. */
export interface Kernel {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  /** Number of independent iterations of the outermost loop; any partition gives the same bits. */
  readonly extent: number;
  /** Name of the outermost loop's variable. */
  readonly variable: string;
  /** Statements before the outermost loop: every thread runs them, so they only declare. */
  readonly prologue: readonly Statement[];
  readonly body: readonly Statement[];
}

/** Bytes of one element in memory. */
export const elementBytes: Record<ElementType, number> = { f32: 4, f64: 8, i32: 4, i16: 2, i8: 1, u8: 1 };

/** Register type of a memory type. */
export function computeType(element: ElementType): ComputeType {
  return element === "f32" || element === "f64" ? element : "i32";
}

/** A value, or a number of i32. */
export type Operand = Expression | number;

const comparisons = new Set<BinaryOperator>(["lt", "le", "gt", "ge", "eq", "ne"]);

/** A constant of the type; lanes > 1 gives a vector of equal lanes. */
export function constant(type: ComputeType, value: number, lanes = 1): Expression {
  return { kind: "constant", type, lanes, value: type === "f32" ? Math.fround(value) : value };
}

function lift(value: Operand, like: Expression): Expression {
  return typeof value === "number" ? constant(like.type, value, like.lanes) : widen(value, like.lanes);
}

/** The value in every lane of a vector. */
export function widen(value: Expression, lanes: number): Expression {
  if (value.lanes === lanes) return value;
  if (value.lanes !== 1) throw new Error(`cannot widen ${value.lanes} lanes to ${lanes}`);
  if (value.kind === "constant") return constant(value.type, value.value, lanes);
  return { kind: "splat", type: value.type, lanes, operand: value };
}

function isConstant(value: Expression, n: number): boolean {
  return value.kind === "constant" && value.value === n;
}

/** Integer constants fold, and constant parts of sums move to the right, so that printers can use them as immediates. */
function foldInteger(operator: BinaryOperator, left: Expression, right: Expression): Expression | undefined {
  if (left.type !== "i32" || left.lanes !== 1) return undefined;
  if (left.kind === "constant" && right.kind === "constant") {
    const a = left.value;
    const b = right.value;
    if (operator === "add") return constant("i32", a + b);
    if (operator === "sub") return constant("i32", a - b);
    if (operator === "mul") return constant("i32", a * b);
    if (operator === "div") return constant("i32", Math.trunc(a / b));
    if (operator === "rem") return constant("i32", a % b);
  }
  if (operator === "add") {
    if (isConstant(left, 0)) return right;
    if (isConstant(right, 0)) return left;
    if (left.kind === "constant") return add(right, left);
    if (left.kind === "binary" && left.operator === "add" && left.right.kind === "constant") {
      if (right.kind === "constant") return add(left.left, left.right.value + right.value);
      return add(add(left.left, right), left.right);
    }
    if (right.kind === "binary" && right.operator === "add" && right.right.kind === "constant")
      return add(add(left, right.left), right.right);
  }
  if (operator === "sub" && right.kind === "constant") return add(left, -right.value);
  if (operator === "mul") {
    if (isConstant(left, 1)) return right;
    if (isConstant(right, 1)) return left;
    if (isConstant(left, 0) || isConstant(right, 0)) return constant("i32", 0);
    if (left.kind === "constant") return mul(right, left);
  }
  if (operator === "div" && isConstant(right, 1)) return left;
  if (operator === "rem" && isConstant(right, 1)) return constant("i32", 0);
  return undefined;
}

/** Binary operation; a number takes the other operand's type, a scalar the other's lanes. */
export function binary(operator: BinaryOperator, a: Operand, b: Operand): Expression {
  if (typeof a === "number" && typeof b === "number") throw new Error("one operand must be an expression");
  const like = typeof a === "number" ? (b as Expression) : typeof b === "number" ? a : a.lanes >= b.lanes ? a : b;
  const left = lift(a, like);
  const right = lift(b, like);
  if (left.type !== right.type) throw new Error(`${operator}: ${left.type} and ${right.type}`);
  const folded = foldInteger(operator, left, right);
  if (folded) return folded;
  const type = comparisons.has(operator) ? "mask" : left.type;
  return { kind: "binary", type, lanes: left.lanes, operator, left, right };
}

export const add = (a: Operand, b: Operand): Expression => binary("add", a, b);
export const sub = (a: Operand, b: Operand): Expression => binary("sub", a, b);
export const mul = (a: Operand, b: Operand): Expression => binary("mul", a, b);
export const div = (a: Operand, b: Operand): Expression => binary("div", a, b);
export const rem = (a: Operand, b: Operand): Expression => binary("rem", a, b);
export const max = (a: Operand, b: Operand): Expression => binary("max", a, b);
export const min = (a: Operand, b: Operand): Expression => binary("min", a, b);

export function unary(operator: UnaryOperator, operand: Expression): Expression {
  return { kind: "unary", type: operand.type, lanes: operand.lanes, operator, operand };
}

/** a * b + c, rounded once where the target can. */
export function fma(a: Expression, b: Operand, c: Operand): Expression {
  const lanes = Math.max(a.lanes, typeof b === "number" ? 1 : b.lanes, typeof c === "number" ? 1 : c.lanes);
  const first = widen(a, lanes);
  return { kind: "fma", type: a.type, lanes, a: first, b: lift(b, first), c: lift(c, first) };
}

export function select(condition: Expression, whenTrue: Expression, whenFalse: Operand): Expression {
  const lanes = Math.max(condition.lanes, whenTrue.lanes);
  const first = widen(whenTrue, lanes);
  return {
    kind: "select",
    type: whenTrue.type,
    lanes,
    condition: widen(condition, lanes),
    whenTrue: first,
    whenFalse: lift(whenFalse, first),
  };
}

/** Numeric conversion between register types. */
export function convert(operand: Expression, type: ComputeType): Expression {
  return operand.type === type ? operand : { kind: "convert", type, lanes: operand.lanes, operand };
}

/** The same 32 bits read as the other type. */
export function bits(operand: Expression, type: ComputeType): Expression {
  return { kind: "bits", type, lanes: operand.lanes, operand };
}

/** Some neighbouring lanes of a vector: one, or a narrower vector. */
export function part(operand: Expression, at: number, lanes: number): Expression {
  if (operand.lanes === lanes) return operand;
  return { kind: "part", type: operand.type, lanes, operand, at };
}

/** Lanes of two vectors of equal lanes: for each lane of the result a number below twice their lanes. */
export function shuffle(a: Expression, b: Expression, pattern: readonly number[]): Expression {
  return { kind: "shuffle", type: a.type, lanes: pattern.length, a, b, pattern };
}

/** Sum, maximum or minimum over the lanes: halves are combined until one lane is left. */
export function horizontal(operator: "add" | "max" | "min", operand: Expression): Expression {
  if (operand.lanes === 1) return operand;
  return { kind: "horizontal", type: operand.type, lanes: 1, operator, operand };
}
