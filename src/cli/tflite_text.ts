import type { LiteRtTensor } from "../formats/litert.js";
import { paint, printText } from "./output.js";

/** Prints what a .tflite file takes and gives. */
export function printTflite(
  out: string,
  bytes: number,
  { inputs, outputs }: { inputs: readonly LiteRtTensor[]; outputs: readonly LiteRtTensor[] },
): void {
  printText(`${out}: ${bytes.toLocaleString("en-US")} bytes, ${inputs[0].dtype}`);
  for (const [kind, tensors] of [["takes", inputs] as const, ["gives", outputs] as const])
    for (const tensor of tensors) printText(`${paint("dim", kind)}  ${textOf(tensor)}`);
}

/** "features float32[1,49,10]". */
function textOf({ name, dtype, shape }: LiteRtTensor): string {
  return `${name} ${dtype}[${shape.join(",")}]`;
}
