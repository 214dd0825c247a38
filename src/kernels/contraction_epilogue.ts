import type { Epilogue } from "./contraction_plan.js";
import type { Sum } from "./contraction_walk.js";
import type { KernelBuilder } from "./kernel_builder.js";
import { add, type Buffer, constant, type Expression, widen } from "./language.js";
import { eachVector } from "./vectors.js";

/** Writes what an epilogue makes of a contraction's sums. */
export class EpilogueWriter {
  readonly #k: KernelBuilder;
  readonly #element: "f32" | "f64";
  readonly #epilogue: Epilogue;
  readonly #operands: readonly Buffer[];
  readonly #results: readonly Buffer[];

  /** Declares the buffers of the operands, then of the results. */
  constructor(k: KernelBuilder, element: "f32" | "f64", epilogue: Epilogue) {
    this.#k = k;
    this.#element = element;
    this.#epilogue = epilogue;
    this.#operands = epilogue.operands.map(() => k.buffer("x", element));
    this.#results = Array.from({ length: epilogue.outputs }, () => k.buffer("y", element, true));
  }

  /** Buffers read and written at the places of the sums. */
  get places(): Buffer[] {
    const { operands, sums } = this.#epilogue;
    const taken = this.#operands.filter((_, i) => operands[i] === "same");
    const given = this.#results.filter((_, i) => !sums?.[i]);
    // Results are mostly written over what was read, but not in a part of a batch.
    return sums ? [...taken, ...given] : taken.length > 0 ? taken : given;
  }

  /** Sums over the rows begin with zero. */
  clearSums(columns: number, lanes: number): void {
    const k = this.#k;
    this.#results.forEach((buffer, i) => {
      if (!this.#epilogue.sums?.[i]) return;
      eachVector(k, columns, lanes, (at, width) => k.store(buffer, at, constant(this.#element, 0, width)));
    });
  }

  /**
   * The epilogue of a block of sums, row after row.
   * @param value the finished sum
   */
  apply(tile: readonly Sum[], value: (s: Sum) => Expression): void {
    const k = this.#k;
    const { operands, body, sums } = this.#epilogue;
    const row = tile.filter((s, i) => s.place === i);
    const totals = this.#results.map((buffer, i) =>
      sums?.[i] ? row.map((s) => k.mutable(k.load(buffer, s.column, s.sum.lanes))) : undefined,
    );
    const numbers = operands.map((o, i) => (o === "number" ? k.let(k.load(this.#operands[i]!, 0)) : undefined));
    for (const s of tile) {
      const { lanes } = s.sum;
      const values = operands.map((o, i) =>
        o === "number" ? widen(numbers[i]!, lanes) : k.let(k.load(this.#operands[i]!, o === "same" ? s.at : s.column, lanes)),
      );
      const results = body(k, [k.let(value(s)), ...values]);
      results.forEach((result, i) => {
        const total = totals[i]?.[s.place];
        if (total) k.assign(total, add(total, result));
        else k.store(this.#results[i]!, s.at, widen(result, lanes));
      });
    }
    totals.forEach((list, i) => list?.forEach((total, place) => k.store(this.#results[i]!, row[place]!.column, total)));
  }
}
