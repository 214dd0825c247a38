import { UsageError } from "../../base/errors.js";

/**
 * Holds the flags `return_sequences` of stacked recurrent layers.
 * @throws UsageError where a layer but the last gives only its last output
 */
export function requireSequences(model: string, returnSequences: readonly boolean[]): void {
  if (!returnSequences.slice(0, -1).includes(false)) return;
  throw new UsageError(
    `${model}: returnSequences must be 1 for every recurrent layer but the last, as the next one needs all outputs`,
  );
}
