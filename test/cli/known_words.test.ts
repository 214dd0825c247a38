import { expect, it } from "vitest";
import { adviceOnKnownWords } from "../../src/cli/known_words.js";
import { shippedModels } from "../../src/formats/shipped.js";

it("names the spotters that have heard all of the words from people", async () => {
  const advice = await adviceOnKnownWords(["left", "stop"]);
  for (const name of shippedModels().filter((name) => name !== "phones")) expect(advice).toContain(name);
  expect(advice).toMatch(/know all of these words and miss fewer: earshot listen crnn$/);
  expect(await adviceOnKnownWords(["go"])).toContain("know this word and miss fewer");
});

it("says nothing of words that none of them knows, nor of what a body calls a phone", async () => {
  expect(await adviceOnKnownWords(["left", "hey_robin"])).toBeUndefined();
  expect(await adviceOnKnownWords(["er"])).toBeUndefined();
});
