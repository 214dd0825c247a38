// Writes FLAC: enough of it (RFC 9639) that the fuzzer reaches every part of a decoder, with checksums that fit.

class Bits {
  bytes = [];
  #held = 0;
  #count = 0;

  /** Appends `width` bits, up to 32. */
  put(value, width) {
    for (let i = width - 1; i >= 0; i--) {
      this.#held = (this.#held << 1) | (Math.floor(value / 2 ** i) & 1);
      if (++this.#count === 8) {
        this.bytes.push(this.#held);
        this.#held = this.#count = 0;
      }
    }
  }

  align() {
    while (this.#count > 0) this.put(0, 1);
  }
}

/** Checksum of FLAC's frames: 8 bits with polynomial 0x07, 16 bits with 0x8005. */
function checksum(bytes, width, polynomial) {
  const top = 2 ** (width - 1);
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << (width - 8);
    for (let i = 0; i < 8; i++) sum = ((sum & top) !== 0 ? (sum << 1) ^ polynomial : sum << 1) & (2 ** width - 1);
  }
  return sum;
}

/** STREAMINFO with the signature: the first 42 bytes. */
export function flacHead({ block = 4096, rate, channels, bits, samples }) {
  const out = new Bits();
  for (const character of "fLaC") out.put(character.charCodeAt(0), 8);
  out.put(0x80, 8);
  out.put(34, 24);
  out.put(block, 16);
  out.put(block, 16);
  out.put(0, 24);
  out.put(0, 24);
  out.put(rate, 20);
  out.put(channels - 1, 3);
  out.put(bits - 1, 5);
  out.put(Math.floor(samples / 2 ** 32), 4);
  out.put(samples % 2 ** 32, 32);
  for (let i = 0; i < 16; i++) out.put(0, 8);
  return Uint8Array.from(out.bytes);
}

const sizeCodes = { 8: 1, 12: 2, 16: 4, 20: 5, 24: 6 };

/**
 * A frame of `size` samples a channel.
 * @param kind "constant", "verbatim" or "fixed" (order 1 with Rice codes)
 * @param sample (index) => value
 */
export function flacFrame({ number, size, channels, bits, kind, sample, assignment = channels - 1 }) {
  const out = new Bits();
  out.put(0b1111111111111000, 16);
  // Block size in 16 bits at the end of the header, sample rate from STREAMINFO.
  out.put(7, 4);
  out.put(0, 4);
  out.put(assignment, 4);
  out.put(sizeCodes[bits] ?? 0, 3);
  out.put(0, 1);
  putUtf8(out, number);
  out.put(size - 1, 16);
  out.put(checksum(out.bytes, 8, 0x07), 8);
  for (let c = 0; c < channels; c++) putSubframe(out, { size, bits, kind, sample });
  out.align();
  out.put(checksum(out.bytes, 16, 0x8005), 16);
  return Uint8Array.from(out.bytes);
}

function putUtf8(out, number) {
  if (number < 0x80) return out.put(number, 8);
  if (number < 0x800) {
    out.put(0xc0 | (number >> 6), 8);
    return out.put(0x80 | (number & 63), 8);
  }
  out.put(0xe0 | (number >> 12), 8);
  out.put(0x80 | ((number >> 6) & 63), 8);
  out.put(0x80 | (number & 63), 8);
}

function putSubframe(out, { size, bits, kind, sample }) {
  const put = (i) => out.put(((sample(i) % 2 ** bits) + 2 ** bits) % 2 ** bits, bits);
  if (kind === "constant") {
    out.put(0, 8);
    put(0);
  } else if (kind === "verbatim") {
    out.put(1 << 1, 8);
    for (let i = 0; i < size; i++) put(i);
  } else {
    out.put(9 << 1, 8);
    put(0);
    // Rice codes of 4 bits, one partition, parameter 6.
    out.put(0, 6);
    out.put(6, 4);
    for (let i = 1; i < size; i++) putRice(out, sample(i) - sample(i - 1), 6);
  }
}

function putRice(out, value, parameter) {
  const folded = value >= 0 ? 2 * value : -2 * value - 1;
  for (let i = folded >> parameter; i > 0; i--) out.put(0, 1);
  out.put(1, 1);
  out.put(folded & (2 ** parameter - 1), parameter);
}
