/** CRC-32's polynomial (IEEE 802.3), reflected. */
const polynomial = 0xedb88320;

/** A 32 x 32 matrix over the field of two elements, by columns. */
type Matrix = Uint32Array;

function times(matrix: Matrix, vector: number): number {
  let sum = 0;
  for (let bit = 0, rest = vector; rest !== 0; bit++, rest >>>= 1) if (rest & 1) sum ^= matrix[bit] as number;
  return sum >>> 0;
}

function squared(matrix: Matrix): Matrix {
  return matrix.map((column) => times(matrix, column));
}

/**
 * The CRC-32 of two pieces one after another, from theirs: appending bytes to the first is a linear map, whose power is taken (as zlib's
 * crc32_combine does).
 * @param bytes of the second piece
 */
export function joinCrc32(first: number, second: number, bytes: number): number {
  // One zero bit.
  let power: Matrix = Uint32Array.from({ length: 32 }, (_, bit) => (bit === 0 ? polynomial : 2 ** (bit - 1)));
  // Eight of them.
  for (let i = 0; i < 3; i++) power = squared(power);
  let moved = first >>> 0;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2), power = squared(power))
    if (rest % 2 === 1) moved = times(power, moved);
  return (moved ^ second) >>> 0;
}
