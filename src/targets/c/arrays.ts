/** Data that a program keeps in flash. */
export type ArrayData = Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array;

const types: readonly [abstract new (...args: never[]) => ArrayData, string][] = [
  [Float32Array, "float"],
  [Int32Array, "int32_t"],
  [Int16Array, "int16_t"],
  [Int8Array, "int8_t"],
  [Uint8Array, "uint8_t"],
];

/** C's name of the elements. */
export function elementType(data: ArrayData): string {
  return types.find(([type]) => data instanceof type)![1];
}

/** A float that reads back as the same bits. */
export function floatLiteral(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "(0.0f / 0.0f)" : `(${value < 0 ? "-" : ""}1.0f / 0.0f)`;
  // Nine significant digits identify a float.
  const text = String(Number(value.toPrecision(9)));
  return `${Object.is(value, -0) ? "-0.0" : /[.e]/.test(text) ? text : `${text}.0`}f`;
}

function literal(value: number, isFloat: boolean): string {
  if (isFloat) return floatLiteral(value);
  return value === -2147483648 ? "INT32_MIN" : String(value);
}

/** `static const float weights_0[12] = {...};`, at an address that whole words can be read from. */
export function arrayText(name: string, data: ArrayData): string {
  const isFloat = data instanceof Float32Array;
  const lines: string[] = [];
  let line = "";
  for (const value of data) {
    const text = `${literal(value, isFloat)},`;
    if (line.length + text.length > 118) {
      lines.push(line);
      line = "";
    }
    line += text;
  }
  lines.push(line);
  return `static const ${elementType(data)} ${name}[${data.length}] WORD_ALIGNED = {\n${lines.join("\n")}\n};`;
}
