import { expect, it } from "vitest";
import { wordsWithout } from "../../src/corpus/near/words_without.js";

it("leaves out what sounds like a keyword, or has it in it", () => {
  const words = wordsWithout(["no", "right", "up"]);
  for (const word of ["no", "know", "right", "write", "up", "upon"]) expect(words).not.toContain(word);
  expect(words).toContain("water");
  expect(words.length).toBeGreaterThan(1500);
});
