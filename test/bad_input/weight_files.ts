import { readFileSync } from "node:fs";
import { parseStateDict } from "../../src/formats/pytorch/read.js";
import { writeStateDict } from "../../src/formats/pytorch/write.js";
import { readZip, writeZip } from "../../src/formats/zip.js";
import type { Write } from "./files.js";

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`../golden/pytorch/${name}`, import.meta.url)));

/** A file of torch.save with this pickle, bytes written as characters. */
const pickled = (pickle: string) => writeZip([{ name: "a/data.pkl", bytes: Buffer.from(pickle, "latin1") }]);

/** A tensor of three numbers that says it has 65,535. */
function claiming(few: Uint8Array): Uint8Array {
  const shape = Buffer.of(0x28, 0x4a, 3, 0, 0, 0, 0x74);
  const files = [...readZip(few, "few").values()].map(({ name, bytes }) => {
    const copy = Buffer.from(bytes);
    const at = copy.indexOf(shape);
    if (at >= 0) copy.set([0xff, 0xff], at + 2);
    return { name, bytes: copy };
  });
  return writeZip(files);
}

/** Files of torch.save, good and bad. */
export function writeWeights(write: Write): void {
  const good = golden("shufflenet.pth");
  const few = writeStateDict(new Map([["a.weight", { type: "F32", shape: [3], data: new Float32Array(3) }]]), "a");
  const missing = new Map(parseStateDict(good, "good"));
  missing.delete("stage2.0.branch1.1.weight");
  write("weights/good.pth", good);
  write("weights/harmful.pth", pickled("cos\nsystem\n(X\x04\0\0\0exittR."));
  write("weights/network.pth", pickled("ctorchvision.models.resnet\nResNet\n)\x81}b."));
  write("weights/cut.pth", good.subarray(0, good.length - 1000));
  write("weights/cut_stream.pth", golden("resnet_checkpoint.pth").subarray(0, 9000));
  write(
    "weights/flipped.pth",
    Uint8Array.from(good, (byte, i) => (i === 20_100 ? byte ^ 1 : byte)),
  );
  write("weights/claims.pth", claiming(few));
  write("weights/unknown.pth", few);
  write("weights/missing.pth", writeStateDict(missing, "missing"));
}
