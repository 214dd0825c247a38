import { hashText, RandomStream } from "../base/random.js";
import { type Graph, type Parameter, sizeOf } from "./types.js";

/**
 * First values of all parameters of a graph (f32, row-major), by name. A value depends on the seed and on the name
 * and shape of its parameter alone, not on the others.
 */
export function initializeParameters(graph: Graph, seed: number): Map<string, Float32Array> {
  return new Map(graph.parameters.map((p) => [p.name, initialValue(p, seed)]));
}

function initialValue(parameter: Parameter, seed: number): Float32Array {
  const { initializer, name } = parameter;
  const shape = parameter.value.type.shape;
  const values = new Float32Array(sizeOf(shape));
  const random = new RandomStream(seed, hashText(name));
  switch (initializer.kind) {
    case "zeros":
      return values;
    case "ones":
      return values.fill(1);
    case "constant":
      return values.fill(initializer.value);
    case "parts": {
      const { values: parts } = initializer;
      const width = shape.at(-1) ?? 1;
      return values.map((_, i) => parts[Math.floor(((i % width) * parts.length) / width)] as number);
    }
    case "glorot_uniform": {
      const limit = Math.sqrt(6 / (initializer.fanIn + initializer.fanOut));
      return values.map(() => random.between(-limit, limit));
    }
    case "uniform": {
      const { limits } = initializer;
      const width = shape.at(-1) ?? 1;
      return values.map((_, i) => {
        const limit = limits[Math.floor(((i % width) * limits.length) / width)] as number;
        return random.between(-limit, limit);
      });
    }
    case "truncated_normal":
      return values.map(() => initializer.deviation * truncatedNormal(random));
    case "normal":
      return values.map(() => initializer.deviation * random.normal());
    case "orthogonal":
      return orthogonal(values, shape, random);
  }
}

/** Standard normal, drawn again where it is beyond two deviations. */
function truncatedNormal(random: RandomStream): number {
  for (;;) {
    const draw = random.normal();
    if (Math.abs(draw) <= 2) return draw;
  }
}

/**
 * Orthonormal rows or columns, whichever are fewer, of the matrix [all axes but the last, last axis] (Saxe et al.
 * 2014): normal draws made orthonormal by modified Gram-Schmidt, which gives the Q of the QR decomposition whose R
 * has a positive diagonal.
 */
function orthogonal(values: Float32Array, shape: readonly number[], random: RandomStream): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const rows = columns === 0 ? 0 : values.length / columns;
  const vectors = Array.from({ length: Math.min(rows, columns) }, () =>
    Float64Array.from({ length: Math.max(rows, columns) }, () => random.normal()),
  );
  vectors.forEach((vector, i) => {
    // Twice: one pass leaves a residue of the order of the condition number.
    for (let pass = 0; pass < 2; pass++) for (let j = 0; j < i; j++) subtractProjection(vector, vectors[j]);
    const norm = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < vector.length; k++) vector[k] /= norm;
  });
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) values[r * columns + c] = rows < columns ? vectors[r][c] : vectors[c][r];
  return values;
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const along = dot(vector, unit);
  for (let k = 0; k < vector.length; k++) vector[k] -= along * unit[k];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
