import type { KernelBuilder } from "./kernel_builder.js";
import { binary, constant, type Expression, mul } from "./language.js";
import { pieces, type VectorPiece } from "./vectors.js";

/** Neighbouring columns in groups of up to so many vectors; threads share the groups. */
export class ColumnGroups {
  /** Number of groups. */
  readonly count: number;
  readonly #full: number;
  readonly #width: number;
  readonly #lanes: number;
  readonly #rest: readonly (readonly VectorPiece[])[];

  constructor(columns: number, lanes: number, vectors: number) {
    this.#lanes = lanes;
    this.#width = lanes * vectors;
    this.#full = Math.floor(columns / this.#width);
    const rest = pieces(columns - this.#full * this.#width, lanes);
    this.#rest = Array.from({ length: Math.ceil(rest.length / vectors) }, (_, g) => rest.slice(g * vectors, (g + 1) * vectors));
    this.count = this.#full + this.#rest.length;
  }

  /**
   * Writes what is done for the group of that number: once for all full groups, however many, and once for each other.
   * @param visit with the group's first column and its vectors
   */
  write(k: KernelBuilder, group: Expression, visit: (first: Expression, vectors: readonly VectorPiece[]) => void): void {
    const when = (operator: "eq" | "lt", number: number, write: () => void): void => {
      if (this.count === 1) write();
      else k.if(binary(operator, group, number), write);
    };
    const vectors = Array.from({ length: this.#width / this.#lanes }, (_, v) => ({ at: v * this.#lanes, lanes: this.#lanes }));
    if (this.#full > 0) when("lt", this.#full, () => visit(k.let(mul(group, this.#width)), vectors));
    for (const [g, rest] of this.#rest.entries())
      when("eq", this.#full + g, () => visit(constant("i32", this.#full * this.#width), rest));
  }
}
