import { type Buffer, type ElementType, type Expression, elementBytes, type Kernel } from "./language.js";
import { printStatements, type StatementDialect } from "./statements.js";

/** Names of the typed-array views that printed kernels read and write. */
export const viewNames: Record<ElementType, string> = { f32: "F32", f64: "F64", i32: "I32", i16: "I16", i8: "I8", u8: "U8" };

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
  eq: "===",
  ne: "!==",
};

const functions: Record<string, string> = {
  abs: "Math.abs",
  sqrt: "Math.sqrt",
  floor: "Math.floor",
  ceil: "Math.ceil",
  exp: "Math.exp",
  log: "Math.log",
  tanh: "Math.tanh",
  nearest: "nearest",
};

function round(type: string, text: string): string {
  return type === "f32" ? `fround(${text})` : type === "i32" ? `(${text} | 0)` : `(${text})`;
}

function number(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return value === Number.POSITIVE_INFINITY ? "Infinity" : value === Number.NEGATIVE_INFINITY ? "(-Infinity)" : `(${value})`;
}

function place(buffer: Buffer, index: Expression): string {
  return `${viewNames[buffer.element]}[${buffer.name} + ${expression(index)}]`;
}

function binaryText(e: Expression & { kind: "binary" }): string {
  const a = expression(e.left);
  const b = expression(e.right);
  if (e.operator === "max") return `(${a} > ${b} ? ${a} : ${b})`;
  if (e.operator === "min") return `(${a} < ${b} ? ${a} : ${b})`;
  if (e.type === "mask") {
    if (e.operator === "and") return `(${a} && ${b})`;
    if (e.operator === "or") return `(${a} || ${b})`;
    return `(${a} ${infix[e.operator]} ${b})`;
  }
  if (e.operator === "shru") return `((${a} >>> ${b}) | 0)`;
  if (e.operator === "doubling_high_mul") return `doublingHighMul(${a}, ${b})`;
  if (e.operator === "wrap_add") return `((${a} + ${b}) | 0)`;
  if (e.operator === "wrap_mul" || (e.type === "i32" && e.operator === "mul")) return `Math.imul(${a}, ${b})`;
  return round(e.type, `${a} ${infix[e.operator]} ${b}`);
}

function expression(e: Expression): string {
  if (e.lanes !== 1) throw new Error("javascript kernels are made with a width of one lane");
  switch (e.kind) {
    case "constant":
      return number(e.value);
    case "variable":
      return e.name;
    case "load":
      return place(e.buffer, e.index);
    case "unary":
      if (e.operator === "neg") return `(-${expression(e.operand)})`;
      if (e.operator === "not") return `(!${expression(e.operand)})`;
      return round(e.type, `${functions[e.operator]}(${expression(e.operand)})`);
    case "binary":
      return binaryText(e);
    case "fma":
      return round(e.type, `${expression(e.a)} * ${expression(e.b)} + ${expression(e.c)}`);
    case "select":
      return `(${expression(e.condition)} ? ${expression(e.whenTrue)} : ${expression(e.whenFalse)})`;
    case "convert":
      return e.type === "i32" ? `(${expression(e.operand)} | 0)` : round(e.type, expression(e.operand));
    case "bits":
      return e.type === "i32" ? `bitsOfFloat(${expression(e.operand)})` : `floatOfBits(${expression(e.operand)})`;
    case "shuffle":
      return expression(e.pattern[0] === 0 ? e.a : e.b);
    case "splat":
    case "part":
    case "horizontal":
      return expression(e.operand);
  }
}

const dialect: StatementDialect = {
  expression,
  loopVariable: "let",
  declare: ({ mutable, name, value }) => `${mutable ? "let" : "const"} ${name} = ${expression(value)};`,
  store: (buffer, index, value) => `${place(buffer, index)} = ${expression(value)};`,
};

/** The kernel as a JavaScript function declaration; buffers arrive as byte offsets into the memory under the views. */
export function printJavaScript(kernel: Kernel, name: string): string {
  const parameters = kernel.buffers.map((b) => `${b.name}Bytes`);
  const out = [`function ${name}(${[...parameters, "begin", "end"].join(", ")}) {`];
  for (const b of kernel.buffers) out.push(`  const ${b.name} = ${b.name}Bytes / ${elementBytes[b.element]};`);
  printStatements(kernel.prologue, dialect, "  ", out);
  out.push(`  for (let ${kernel.variable} = begin; ${kernel.variable} < end; ${kernel.variable}++) {`);
  printStatements(kernel.body, dialect, "    ", out);
  out.push("  }", "}");
  return out.join("\n");
}

/** Helper functions that printed kernels call; rounding half to even as IEEE 754 roundToIntegralTiesToEven. */
export const javaScriptPrelude = `
const fround = Math.fround;
const scratch = new ArrayBuffer(4), scratchFloat = new Float32Array(scratch), scratchInt = new Int32Array(scratch);
function bitsOfFloat(x) { scratchFloat[0] = x; return scratchInt[0]; }
function floatOfBits(x) { scratchInt[0] = x; return scratchFloat[0]; }
// a b + 2^30 as upper x 2^16 + lower, each exact below 2^53.
function doublingHighMul(a, b) {
  return Math.floor(((a >> 16) * b + Math.floor(((a & 0xffff) * b + 0x40000000) / 0x10000)) / 0x8000) | 0;
}
function nearest(x) {
  const f = Math.floor(x), d = x - f;
  return d < 0.5 ? f : d > 0.5 ? f + 1 : f % 2 === 0 ? f : f + 1;
}
`;
