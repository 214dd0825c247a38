/** Floats as files hold them. */
export type FloatKind = "f16" | "bf16" | "f32" | "f64";

/** Bytes of one. */
export const floatBytes: Readonly<Record<FloatKind, number>> = { f16: 2, bf16: 2, f32: 4, f64: 8 };

/** IEEE 754 half precision. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Bytes as f32 numbers; an incomplete one at the end is left out. f64 is rounded. */
export function decodeFloats(bytes: Uint8Array, kind: FloatKind, littleEndian = true): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = floatBytes[kind];
  const out = new Float32Array(Math.floor(bytes.length / size));
  const word = new DataView(new ArrayBuffer(4));
  for (let i = 0; i < out.length; i++) {
    const at = i * size;
    if (kind === "f32") out[i] = view.getFloat32(at, littleEndian);
    else if (kind === "f64") out[i] = view.getFloat64(at, littleEndian);
    else if (kind === "f16") out[i] = half(view.getUint16(at, littleEndian));
    else {
      word.setUint32(0, view.getUint16(at, littleEndian) << 16);
      out[i] = word.getFloat32(0);
    }
  }
  return out;
}
