/** A weight from a file of another tool, row-major. */
export interface ForeignTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** "[3,3,64,1]", for messages. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}
