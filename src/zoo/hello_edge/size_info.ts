import { UsageError } from "../../base/errors.js";

/**
 * Checks the numbers of `--model-size-info` for a model that takes exactly so many.
 * @param meaning names of the numbers in order
 * @throws UsageError with both counts and the meaning
 */
export function requireSizes(model: string, sizes: readonly number[], meaning: readonly string[]): void {
  if (sizes.length === meaning.length) return;
  throw new UsageError(
    `${model}: --model-size-info has ${sizes.length} numbers and needs ${meaning.length}: ${meaning.join(" ")}; found ${sizes.join(" ") || "nothing"}`,
  );
}

/** Most recurrent layers of a network. */
const mostLayers = 16;

/** @throws UsageError where a network would have more recurrent layers than any has */
export function requireLayers(model: string, layers: number): void {
  if (layers <= mostLayers) return;
  throw new UsageError(`${model}: --model-size-info asks for ${layers} recurrent layers; there may be 1 to ${mostLayers}`);
}
