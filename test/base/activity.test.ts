import { expect, it } from "vitest";
import { during } from "../../src/base/activity.js";

function terminal(isTTY: boolean): { isTTY: boolean; write(text: string): void; shown: string[] } {
  const shown: string[] = [];
  return { isTTY, shown, write: (text) => shown.push(text) };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

it("a terminal shows what is done and for how long, and is left clean", async () => {
  const screen = terminal(true);
  expect(await during("compiling", () => pause(1300).then(() => 7), screen)).toBe(7);
  expect(screen.shown[0]).toBe("\r\x1b[2Kcompiling ...");
  expect(screen.shown.at(-2)).toBe("\r\x1b[2Kcompiling ... 1 s");
  expect(screen.shown.at(-1)).toBe("\r\x1b[2K");
});

it("is left clean where the work fails", async () => {
  const screen = terminal(true);
  await expect(during("compiling", () => Promise.reject(new Error("no")), screen)).rejects.toThrow("no");
  expect(screen.shown.at(-1)).toBe("\r\x1b[2K");
});

it("what is no terminal stays silent", async () => {
  const file = terminal(false);
  await during("compiling", () => pause(10), file);
  expect(file.shown).toEqual([]);
});
