import { decodeSoundAt } from "../../../dist/signal/decode.js";
import { awkwardNumbers, encode, join, mutateBytes, noise } from "../mutate.mjs";
import { flacFrame, flacHead } from "./flac_writer.mjs";

/** A stream whose frames are whole, while its header may lie about them. */
function drawn(random) {
  const channels = random.pick([1, 1, 2, 8]);
  const bits = random.pick([8, 16, 16, 24]);
  const size = random.pick([16, 100, 192, 576, 1024, random.integer(4096) + 1, 65535]);
  const kind = size > 8192 ? "constant" : random.pick(["constant", "verbatim", "fixed"]);
  const count = random.integer(kind === "constant" && random.integer(64) === 0 ? 600 : 4);
  const level = random.integer(100);
  const sample = (i) => ((i * 7) % 50) - level;
  const frames = [];
  for (let number = 0; number < count; number++) {
    const last = random.integer(8) === 0 ? random.integer(size) + 1 : size;
    frames.push(flacFrame({ number, size: last, channels, bits, kind, sample }));
  }
  const honest = random.integer(2) === 0;
  const head = flacHead({
    block: honest ? size : random.pick([0, 16, 4096, 65535]),
    rate: honest ? 16000 : random.pick([0, 1, 999, 1000, 8000, 44100, 655350, 768_000, 1_048_575]),
    channels: honest ? channels : 1 + random.integer(8),
    bits: honest ? bits : 1 + random.integer(32),
    samples: honest ? size * count : random.pick([0, 1, size * count, 2 ** 36 - 1, ...awkwardNumbers]),
  });
  return join(head, ...frames);
}

export const name = "flac";

export function generate(random) {
  const kind = random.integer(16);
  if (kind === 0) return join(encode("fLaC"), noise(random));
  if (kind === 1) return join(flacHead({ rate: 16000, channels: 1, bits: 16, samples: 0 }), noise(random, 2048));
  return kind < 6 ? drawn(random) : mutateBytes(random, drawn(random));
}

/** As a recording is read: decoded, then brought to 16 kHz. */
export async function run(bytes) {
  await decodeSoundAt(bytes, "case.flac");
}
