import type { RowSet } from "../../corpus/row_set.js";
import type { Model } from "../../formats/model.js";
import type { TrainingConfig } from "./training_config.js";

/** "Loaded dataset ...", as the original prints it. */
export function loadedText(name: string, { rate, hop, bins, window, shift }: RowSet): string {
  return `Loaded dataset ${name} and found sample rate ${rate}, audio_size ${hop}, input_size ${bins}, window_size ${window} and shift ${shift}`;
}

/** A number as Python prints it. */
export function pythonNumber(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e16))
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** The optimizer as PyTorch describes it. */
export function optimizerText({ training }: TrainingConfig): string {
  const { optimizer, optimizer_options: o, learning_rate: rate } = training;
  const own: Record<string, readonly (readonly [string, string])[]> = {
    SGD: [
      ["dampening", String(o.dampening)],
      ["lr", pythonNumber(rate)],
      ["momentum", String(o.momentum)],
      ["nesterov", o.nesterov ? "True" : "False"],
    ],
    Adam: [
      ["amsgrad", "False"],
      ["betas", `(${o.betas.join(", ")})`],
      ["eps", pythonNumber(o.eps)],
      ["lr", pythonNumber(rate)],
    ],
    RMSprop: [
      ["alpha", String(o.alpha)],
      ["centered", o.centered ? "True" : "False"],
      ["eps", pythonNumber(o.eps)],
      ["lr", pythonNumber(rate)],
      ["momentum", String(o.momentum)],
    ],
  };
  const lines = [...(own[optimizer] ?? []), ["weight_decay", pythonNumber(o.weight_decay)]];
  return `${optimizer} (\nParameter Group 0\n${lines.map(([name, value]) => `    ${name}: ${value}`).join("\n")}\n)`;
}

/** "Epoch 3, Loss 1.234, Validation Accuracy 56.789, Learning Rate 0.005". */
export function epochText(epoch: number, loss: number, accuracy: number, rate: number): string {
  return `Epoch ${epoch}, Loss ${loss.toFixed(3)}, Validation Accuracy ${(accuracy * 100).toFixed(3)}, Learning Rate ${pythonNumber(rate)}`;
}

/** Numbers that stand behind a sigmoid; the original counts each twice. */
const scalars = /\.(zeta|nu|alpha|beta)$/;

/**
 * Bytes of a model as the original counts them: four for what is not zero of the recurrent layers and for every weight of the linear layer,
 * none for its bias; eight for what is not zero of a matrix of which less than half is kept.
 */
export function modelBytes({ parameters }: Pick<Model, "parameters">): number {
  let bytes = 0;
  for (const [name, values] of parameters) {
    if (name === "classifier.kernel") bytes += 4 * values.length;
    if (!name.startsWith("recurrent.")) continue;
    const kept = Array.from(values as Float32Array).reduce((sum, x) => sum + (x === 0 ? 0 : 1), 0);
    const each = name.includes("kernel") && kept < values.length / 2 ? 8 : 4;
    bytes += kept * each * (scalars.test(name) ? 2 : 1);
  }
  return bytes;
}
