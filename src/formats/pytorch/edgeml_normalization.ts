import type { ParameterData } from "../../graph/types.js";

const layer = "recurrent.0";

/**
 * Parameters of a classifier that takes features as they are: (x - mean) * factor, with which a network may begin, is in the product with
 * its input and in the biases behind, as EdgeML's state dicts have no place for it.
 */
export function withoutNormalization(parameters: ReadonlyMap<string, ParameterData>): ReadonlyMap<string, ParameterData> {
  const [mean, factor] = [parameters.get("normalize.mean"), parameters.get("normalize.factor")];
  if (!mean || !factor) return parameters;
  const first = parameters.has(`${layer}.kernel_first`) ? `${layer}.kernel_first` : `${layer}.kernel`;
  const kernel = parameters.get(first) as Float32Array;
  const columns = kernel.length / mean.length;
  const scaled = kernel.map((w, i) => w * (factor[Math.floor(i / columns)] as number));
  let offset = times(mean, scaled, columns);
  if (first !== `${layer}.kernel`) {
    const second = parameters.get(`${layer}.kernel`) as Float32Array;
    offset = times(offset, second, second.length / columns);
  }
  const changed = new Map(parameters).set(first, scaled);
  for (const name of ["bias", "bias_gate", "bias_update"]) {
    const bias = parameters.get(`${layer}.${name}`) as Float32Array | undefined;
    if (bias)
      changed.set(
        `${layer}.${name}`,
        bias.map((b, i) => b - (offset[i] as number)),
      );
  }
  return changed;
}

/** A row times a matrix. */
function times(row: ArrayLike<number>, matrix: ArrayLike<number>, columns: number): Float64Array {
  const product = new Float64Array(columns);
  for (let i = 0; i < row.length; i++)
    for (let c = 0; c < columns; c++) product[c] += (row[i] as number) * (matrix[i * columns + c] as number);
  return product;
}
