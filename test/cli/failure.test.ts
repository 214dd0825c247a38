import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { FormatError, invariant, UsageError, UserError } from "../../src/base/errors.js";
import { commaList, realNumber, wholeNumber } from "../../src/cli/arguments.js";
import { explainFailure } from "../../src/cli/failure.js";
import { interruptible } from "../../src/cli/interrupt.js";
import { shellWord } from "../../src/cli/output.js";

/** The error that the work throws. */
function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("explainFailure", () => {
  it("prints what a user can mend as it is, with its exit code", () => {
    expect(explainFailure(new UserError("a.wav: is empty"), false)).toEqual({ message: "earshot: a.wav: is empty", exitCode: 1 });
    expect(explainFailure(new UsageError("--steps and --epochs"), false)).toEqual({
      message: "earshot: --steps and --epochs",
      exitCode: 2,
    });
    const format = new FormatError("a.wav", "byte 36", "0 Hz", "record it again");
    expect(explainFailure(format, false).message).toBe("earshot: a.wav: byte 36: 0 Hz; record it again");
  });

  it("names the path that the system refused", () => {
    const missing = thrownBy(() => readFileSync("/nowhere/at/all"));
    expect(explainFailure(missing, false)).toEqual({ message: "earshot: /nowhere/at/all: no such file or folder", exitCode: 1 });
    expect(
      explainFailure(
        thrownBy(() => readFileSync("/")),
        false,
      ).message,
    ).toContain("is a folder, not a file");
  });

  it("owns up to its own faults and shows the stack only when asked", () => {
    const fault = thrownBy(() => invariant(existsSync("/nowhere"), "two halves differ"));
    const quiet = explainFailure(fault, false);
    expect(quiet.exitCode).toBe(1);
    expect(quiet.message).toMatch(/two halves differ\nThis is a fault of earshot/);
    expect(quiet.message).not.toContain("failure.test");
    expect(explainFailure(fault, true).message).toContain("failure.test");
    expect(explainFailure("thrown text", false).message).toContain("thrown text");
  });
});

describe("arguments", () => {
  it("takes whole numbers within bounds and nothing else", () => {
    expect(wholeNumber(1, 10)("7")).toBe(7);
    for (const text of ["0", "11", "1.5", "1e1", "", "x", "0x5", "Infinity", "99999999999999999999"]) {
      expect(() => wholeNumber(1, 10)(text)).toThrow(/whole number from 1 to 10/);
    }
    expect(() => wholeNumber(0)("99999999999999999999")).toThrow();
  });

  it("takes real numbers within bounds", () => {
    expect(realNumber(0, 1)("2.5e-1")).toBe(0.25);
    for (const text of ["-0.1", "1.1", "", " ", "NaN", "x"]) expect(() => realNumber(0, 1)(text)).toThrow(/from 0 to 1/);
  });

  it("takes lists with commas", () => {
    expect(commaList("yes, hey robin ,no")).toEqual(["yes", "hey robin", "no"]);
    expect(() => commaList("yes,,no")).toThrow(/no empty item/);
  });

  it("quotes advice so that a shell reads it as one word", () => {
    expect(shellWord("runs/a-1.b")).toBe("runs/a-1.b");
    expect(shellWord("my run's")).toBe(String.raw`'my run'\''s'`);
    expect(shellWord("")).toBe("''");
  });
});

/** Work that ends, with an error, only when it is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  });

describe("interruptible", () => {
  it("turns an interruption into a message, and leaves other errors alone", async () => {
    const before = process.listenerCount("SIGINT");
    const work = interruptible(aborted, "the same command goes on");
    process.emit("SIGINT");
    await expect(work).rejects.toThrow("interrupted; the same command goes on");
    await expect(interruptible(() => Promise.reject(new RangeError("x")), "")).rejects.toThrow(RangeError);
    expect(await interruptible(() => Promise.resolve(3), "")).toBe(3);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  it("ends the program at the second signal, with the code that belongs to it", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    let end: () => void = () => undefined;
    const work = interruptible(() => new Promise<void>((resolve) => (end = resolve)), "");
    process.emit("SIGTERM", "SIGTERM");
    expect(exit).not.toHaveBeenCalled();
    process.emit("SIGINT", "SIGINT");
    process.emit("SIGTERM", "SIGTERM");
    expect(exit.mock.calls).toEqual([[130], [143]]);
    exit.mockRestore();
    end();
    await work;
  });

  it("tells of a disk that fails while the work is being saved", async () => {
    const work = interruptible(async (signal) => {
      await aborted(signal).catch(() => undefined);
      throw new UserError("a could not be written", { cause: Object.assign(new Error("full"), { code: "ENOSPC" }) });
    }, "what was reached is saved");
    process.emit("SIGINT", "SIGINT");
    await expect(work).rejects.toThrow("a could not be written");
  });
});
