/** Castagnoli's polynomial, bits reversed. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
  return rest >>> 0;
});

/** CRC-32C of bytes that may lie in several pieces. */
export function crc32c(...pieces: readonly Uint8Array[]): number {
  let rest = 0xffffffff;
  for (const piece of pieces) for (const byte of piece) rest = (rest >>> 8) ^ (table[(rest ^ byte) & 255] as number);
  return ~rest >>> 0;
}

/** As checksums stand in tables and checkpoints: turned and shifted, so that the checksum of data with checksums in it is no trap. */
export function maskedCrc32c(...pieces: readonly Uint8Array[]): number {
  const crc = crc32c(...pieces);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
