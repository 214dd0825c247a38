import { crc32, deflateSync } from "node:zlib";
import { invariant } from "../base/errors.js";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Colour type 3 of the PNG specification (ISO/IEC 15948, 11.2.2): each pixel is an index into a palette. */
const INDEXED = 3;

/**
 * Encodes a picture of palette indices as PNG.
 * @param pixels indices, shape [height, width], row by row from the top
 * @param palette red, green, blue bytes, shape [colours, 3], at most 256 colours
 */
export function encodePng(pixels: Uint8Array, width: number, height: number, palette: Uint8Array): Buffer {
  invariant(width > 0 && height > 0 && pixels.length === width * height, `${pixels.length} pixels for ${width} x ${height}`);
  invariant(palette.length % 3 === 0 && palette.length <= 768, `palette of ${palette.length} bytes`);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = INDEXED;
  // Every row starts with its filter type; 0 (none) compresses indexed pictures best.
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", palette),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
