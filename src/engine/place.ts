import type { Region } from "../graph/lower.js";
import type { Storage } from "./memory.js";

/** A tensor's place: a storage and how far it moves, in bytes, with the counter of each enclosing loop. */
export interface Place extends Region {
  readonly storage: Storage;
  readonly base: number;
  readonly strides: readonly number[];
}
