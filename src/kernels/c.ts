import { type Buffer, computeType, type ElementType, type Expression, type Kernel } from "./language.js";
import { printStatements, type StatementDialect } from "./statements.js";

/** C type of one element in memory. */
export const elementTypes: Record<ElementType, string> = {
  f32: "float",
  f64: "double",
  i32: "int32_t",
  i16: "int16_t",
  i8: "int8_t",
  u8: "uint8_t",
};

const infix: Record<string, string> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  rem: "%",
  and: "&",
  or: "|",
  xor: "^",
  shl: "<<",
  shr: ">>",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  eq: "==",
  ne: "!=",
};

function typeName(type: string, lanes: number): string {
  const scalar = type === "f32" ? "float" : type === "f64" ? "double" : "int32_t";
  if (lanes === 1) return scalar;
  return `${type === "mask" ? "i32" : type}x${lanes}`;
}

function number(type: string, value: number): string {
  if (type === "i32" || type === "mask") return value === -2147483648 ? "INT32_MIN" : String(value);
  const suffix = type === "f32" ? "f" : "";
  if (!Number.isFinite(value))
    return Number.isNaN(value) ? `(0.0${suffix} / 0.0${suffix})` : `(${value < 0 ? "-" : ""}1.0${suffix} / 0.0${suffix})`;
  // Nine significant digits identify a float, seventeen a double.
  const text = type === "f32" ? value.toPrecision(9) : value.toPrecision(17);
  const literal = /[.e]/.test(text) ? text : `${text}.0`;
  return Object.is(value, -0) || value < 0 ? `(${literal}${suffix})` : `${literal}${suffix}`;
}

function loadText(buffer: Buffer, index: Expression, lanes: number): string {
  const at = `${buffer.name} + ${expression(index)}`;
  if (lanes === 1) return `${computeType(buffer.element) === "i32" ? "(int32_t)" : ""}${buffer.name}[${expression(index)}]`;
  if (buffer.element === "f32" || buffer.element === "f64" || buffer.element === "i32")
    return `load_${buffer.element}x${lanes}(${at})`;
  return `load_${buffer.element}x${lanes}(${at})`;
}

function binaryText(e: Expression & { kind: "binary" }): string {
  const a = expression(e.left);
  const b = expression(e.right);
  const type = typeName(e.left.type, e.lanes);
  if (e.operator === "max" || e.operator === "min") return `${e.operator}_${type}(${a}, ${b})`;
  if (e.operator === "doubling_high_mul") return `doubling_high_mul_${type}(${a}, ${b})`;
  if (e.operator === "shru") return `(${type})((u${type})${a} >> ${b})`;
  if (e.operator === "shl") return `(${type})((u${type})${a} << ${b})`;
  if (e.operator === "wrap_add") return `(${type})((u${type})${a} + (u${type})${b})`;
  if (e.operator === "wrap_mul") return `(${type})((u${type})${a} * (u${type})${b})`;
  return `(${a} ${infix[e.operator]} ${b})`;
}

function expression(e: Expression): string {
  const type = typeName(e.type, e.lanes);
  switch (e.kind) {
    case "constant":
      return e.lanes === 1 ? number(e.type, e.value) : `splat_${type}(${number(e.type, e.value)})`;
    case "variable":
      return e.name;
    case "load":
      return loadText(e.buffer, e.index, e.lanes);
    case "unary":
      if (e.operator === "neg") return `(-${expression(e.operand)})`;
      if (e.operator === "not") return e.lanes === 1 ? `(!${expression(e.operand)})` : `(~${expression(e.operand)})`;
      return `${e.operator}_${type}(${expression(e.operand)})`;
    case "binary":
      return binaryText(e);
    case "fma":
      return `fma_${type}(${expression(e.a)}, ${expression(e.b)}, ${expression(e.c)})`;
    case "select":
      if (e.lanes === 1) return `(${expression(e.condition)} ? ${expression(e.whenTrue)} : ${expression(e.whenFalse)})`;
      return `select_${type}((i32x${e.lanes})${expression(e.condition)}, ${expression(e.whenTrue)}, ${expression(e.whenFalse)})`;
    case "convert":
      return e.lanes === 1 ? `((${type})${expression(e.operand)})` : `__builtin_convertvector(${expression(e.operand)}, ${type})`;
    case "bits":
      return e.lanes === 1 ? `bits_${type}(${expression(e.operand)})` : `((${type})${expression(e.operand)})`;
    case "splat":
      return `splat_${type}(${expression(e.operand)})`;
    case "part":
      if (e.lanes === 1) return `(${expression(e.operand)})[${e.at}]`;
      return `part_${type}_${typeName(e.operand.type, e.operand.lanes)}(${expression(e.operand)}, ${e.at})`;
    case "shuffle":
      return `SHUFFLE(${type}, ${expression(e.a)}, ${expression(e.b)}, ${e.pattern.join(", ")})`;
    case "horizontal":
      return `horizontal_${e.operator}_${typeName(e.operand.type, e.operand.lanes)}(${expression(e.operand)})`;
  }
}

function storeText(buffer: Buffer, index: Expression, value: Expression): string {
  if (value.lanes === 1) return `${buffer.name}[${expression(index)}] = (${elementTypes[buffer.element]})${expression(value)};`;
  return `store_${buffer.element}x${value.lanes}(${buffer.name} + ${expression(index)}, ${expression(value)});`;
}

const dialect: StatementDialect = {
  expression,
  loopVariable: "int32_t",
  declare: ({ name, value }) => `${typeName(value.type, value.lanes)} ${name} = ${expression(value)};`,
  store: storeText,
  prefetch: (buffer, index) => `__builtin_prefetch(${buffer.name} + ${expression(index)}, ${buffer.written ? 1 : 0}, 2);`,
};

/** The kernel as a C function (base pointer of each buffer..., begin, end). */
export function printC(kernel: Kernel, name: string): string {
  const parameters = kernel.buffers.map((b) => `${b.written ? "" : "const "}${elementTypes[b.element]} *${b.name}`);
  const out = [`static void ${name}(${[...parameters, "int32_t begin", "int32_t end"].join(", ")}) {`];
  printStatements(kernel.prologue, dialect, "  ", out);
  out.push(`  for (int32_t ${kernel.variable} = begin; ${kernel.variable} < end; ${kernel.variable}++) {`);
  printStatements(kernel.body, dialect, "    ", out);
  out.push("  }", "}");
  return out.join("\n");
}
