import { invariant } from "../../base/errors.js";
import type { Value } from "../../graph/types.js";

/** Length of the last axis. */
export function channelsOf(x: Value): number {
  const channels = x.type.shape.at(-1);
  invariant(channels !== undefined, "a scalar has no channels");
  return channels;
}
