import { describe, expect, it } from "vitest";
import { UsageError, UserError } from "../../src/base/errors.js";
import { picoSpeak, picoVoices } from "../../src/signal/speech.js";

/** Words, each with its phones. */
function pairs(...lists: readonly string[]): readonly (readonly [word: string, phones: string])[] {
  return lists.flatMap((list) => list.split("|")).map((one) => [one.slice(0, one.indexOf(" ")), one.slice(one.indexOf(" ") + 1)]);
}

/** As CMU's dictionary has them; no voice's own accent is in these words. */
const words = pairs(
  "yes y eh s|cat k ae t|cup k ah p|foot f uh t|thought th ao t|goose g uw s|fleece f l iy s|nurse n er s|sing s ih ng|ship sh ih p|vet v eh t",
  "zip z ih p|wed w eh d|ham hh ae m|thus dh ah s|rob r aa b|lot l aa t",
);
const diphthongs = pairs("how hh aw|hay hh ey|hi hh ay|hoe hh ow|hoy hh oy");
const allPhones = "aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh".split(
  " ",
);

describe("picoSpeak", () => {
  it.each(picoVoices)("voice %s says a word, twice the same whatever was said between", async (voice) => {
    const first = await picoSpeak("seven", { voice });
    expect(first.sampleRate).toBe(16_000);
    expect(first.samples.length / 16_000).toBeGreaterThan(0.4);
    const peak = first.samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    expect(peak).toBeGreaterThan(0.1);
    expect(peak).toBeLessThan(0.99);
    await picoSpeak("hey robin", { voice, stretch: 2, pitch: 0.8 });
    expect((await picoSpeak("seven", { voice })).samples).toEqual(first.samples);
  });

  // What the engine knows of English, against what it makes of our phones: the same bits.
  it.each(picoVoices)("voice %s says phones as it says the words that have them", async (voice) => {
    for (const [word, phones] of words) {
      const { samples } = await picoSpeak(phones, { voice, phones: true });
      expect([word, samples]).toEqual([word, (await picoSpeak(word, { voice })).samples]);
    }
    for (const [word, phones] of diphthongs) {
      const { samples } = await picoSpeak(phones, { voice, phones: true });
      expect([word, Math.abs(samples.length / (await picoSpeak(word, { voice })).samples.length - 1) < 0.06]).toEqual([
        word,
        true,
      ]);
    }
  });

  it.each(picoVoices)("voice %s has a sound of its own for every phone", async (voice) => {
    const sounds = await Promise.all(allPhones.map((phone) => picoSpeak(`iy ${phone} iy`, { voice, phones: true })));
    const without = await picoSpeak("iy iy", { voice, phones: true });
    expect(new Set([without, ...sounds].map(({ samples }) => samples.join())).size).toBe(allPhones.length + 1);
  });

  it("heeds stretch, pitch and no markup", async () => {
    const voice = "pico-us";
    const short = await picoSpeak("marvin", { voice, stretch: 0.7 });
    const long = await picoSpeak("marvin", { voice, stretch: 1.4 });
    expect(long.samples.length / short.samples.length).toBeGreaterThan(1.5);
    expect((await picoSpeak("marvin", { voice, pitch: 1.5 })).samples).not.toEqual(
      (await picoSpeak("marvin", { voice })).samples,
    );
    const marked = await picoSpeak("<speed level='20'>", { voice });
    expect(marked.samples).toEqual((await picoSpeak(" speed level='20' ", { voice })).samples);
  });

  it("refuses what it cannot say", async () => {
    const voice = "pico-gb";
    await expect(picoSpeak("y qq s", { voice, phones: true })).rejects.toThrow(/no sound for qq; use phones of the CMU set/);
    await expect(picoSpeak("yes", { voice, pitch: 3 })).rejects.toThrow(UsageError);
    await expect(picoSpeak("yes", { voice, stretch: Number.NaN })).rejects.toThrow(UsageError);
    await expect(picoSpeak("yes", { voice: "nobody" as "pico-gb" })).rejects.toThrow(/pico-us, pico-gb/);
    await expect(picoSpeak("a".repeat(2000), { voice })).rejects.toThrow(UserError);
    await expect(picoSpeak("ш".repeat(900), { voice })).resolves.toBeDefined();
  });
});
