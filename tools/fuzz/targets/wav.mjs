import { decodeSoundAt } from "../../../dist/signal/decode.js";
import { awkwardNumbers, encode, join, mutateBytes, noise } from "../mutate.mjs";

/** A WAV file of its parts. */
function wav({ tag, channels, rate, bits, body, extra, order }) {
  const block = channels * Math.ceil(bits / 8);
  const format = new DataView(new ArrayBuffer(tag === 0xfffe ? 40 : 16));
  format.setUint16(0, tag, true);
  format.setUint16(2, channels, true);
  format.setUint32(4, rate, true);
  format.setUint32(8, rate * block, true);
  format.setUint16(12, block, true);
  format.setUint16(14, bits, true);
  if (tag === 0xfffe) format.setUint16(24, 1, true);
  const chunks = [chunk("fmt ", new Uint8Array(format.buffer)), ...extra, chunk("data", body)];
  return chunk("RIFF", join(encode("WAVE"), ...(order ? chunks.toReversed() : chunks)));
}

/** A chunk; its size may be a lie. */
function chunk(id, body, size = body.length) {
  const head = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 4; i++) head.setUint8(i, id.charCodeAt(i));
  head.setUint32(4, size, true);
  return join(new Uint8Array(head.buffer), body, new Uint8Array(body.length % 2));
}

/** A valid file whose fields are drawn, sometimes from beyond what is allowed. */
function drawn(random) {
  const [tag, bits] = random.pick([
    [1, 8],
    [1, 16],
    [1, 24],
    [1, 32],
    [3, 32],
    [3, 64],
    [0xfffe, 16],
    [random.integer(256), random.integer(70)],
  ]);
  const rate = random.pick([16000, 8000, 44100, 48000, 1000, 768_000, random.integer(800_000), random.pick(awkwardNumbers)]);
  const channels = random.pick([1, 1, 2, 6, 64, random.integer(70)]);
  const extra = random.integer(3) > 0 ? [] : [chunk("LIST", noise(random, 40), random.pick([40, ...awkwardNumbers]))];
  const length = random.integer(64) === 0 ? 1 + random.integer(1 << 20) : random.integer(4096);
  const body = new Uint8Array(length).fill(random.integer(256));
  body.set(noise(random, 256).subarray(0, body.length));
  return wav({ tag, channels, rate, bits, body, extra, order: random.integer(16) === 0 });
}

export const name = "wav";

export function generate(random) {
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind === 1) return join(encode("RIFF...."), encode("WAVE"), noise(random));
  return kind < 5 ? drawn(random) : mutateBytes(random, drawn(random));
}

/** As a recording is read: decoded, then brought to 16 kHz. */
export async function run(bytes) {
  await decodeSoundAt(bytes, "case.wav");
}
