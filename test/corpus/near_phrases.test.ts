import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/base/errors.js";
import { editedSounds } from "../../src/corpus/near/edited_sounds.js";
import { nearPhrases, vocabulary } from "../../src/corpus/near/near_phrases.js";
import { distanceWithin, phoneCost, phoneDistance } from "../../src/corpus/near/phone_distance.js";
import { planOwnWords } from "../../src/corpus/own_words.js";
import { speak } from "../../src/signal/speech.js";

const phones = (text: string) => text.split(" ");
const robin = { text: "hey robin", phones: [phones("hh ey"), phones("r aa b ax n")] };
const lights = { text: "lights off", phones: [phones("l ay t s"), phones("ao f")] };

describe("the distance of phones", () => {
  const all = [...new Set(vocabulary().flatMap((word) => word.phones))];

  it("is a distance of every phone that the vocabulary has", () => {
    for (const a of all) {
      expect(phoneCost(a, a)).toBe(0);
      for (const b of all) if (a !== b) expect(phoneCost(a, b), `${a} ${b}`).toBeGreaterThan(0);
      for (const b of all) expect(phoneCost(a, b)).toBeCloseTo(phoneCost(b, a), 12);
    }
    expect(all.length).toBeGreaterThan(35);
  });

  it("orders sounds as ears do", () => {
    expect(phoneCost("s", "z")).toBeLessThan(phoneCost("s", "m"));
    expect(phoneCost("ih", "iy")).toBeLessThan(phoneCost("iy", "aa"));
    expect(phoneCost("m", "n")).toBeLessThan(phoneCost("m", "s"));
    expect(phoneCost("b", "aa")).toBeGreaterThan(phoneCost("b", "sh"));
  });

  it("is symmetric, and zero for the same alone", () => {
    const words = vocabulary().slice(300, 330);
    for (const a of words)
      for (const b of words) {
        expect(phoneDistance(a.phones, b.phones)).toBeCloseTo(phoneDistance(b.phones, a.phones), 12);
        expect(phoneDistance(a.phones, b.phones) === 0).toBe(a.phones.join() === b.phones.join());
      }
  });

  it("within a sequence is that of its nearest stretch", () => {
    const off = phones("ao f");
    expect(distanceWithin(phones("l ay t s ao f er"), off)).toBe(0);
    expect(distanceWithin(phones("l ay t s aa f er"), off)).toBe(phoneCost("aa", "ao"));
    expect(distanceWithin([], off)).toBe(phoneDistance([], off));
    for (const { phones: a } of vocabulary().slice(300, 330))
      for (const { phones: b } of vocabulary().slice(500, 510)) {
        const stretches = a.flatMap((_, from) => [...a.keys()].map((end) => a.slice(from, end + 1)));
        expect(distanceWithin(a, b)).toBeCloseTo(Math.min(...[[], ...stretches].map((stretch) => phoneDistance(stretch, b))), 12);
      }
  });

  it("counts what is dropped, weak sounds less", () => {
    expect(phoneDistance(phones("hh ey"), phones("ey"))).toBe(0.4);
    expect(phoneDistance(phones("s t aa p"), phones("s t aa"))).toBe(0.8);
    expect(phoneDistance([], phones("aa n"))).toBe(1.8);
  });
});

describe("near-sounding phrases", () => {
  const near = nearPhrases(robin, 36, [robin, lights], 0);

  it("are near, differ, and come of all kinds", () => {
    expect(near.length).toBeGreaterThanOrEqual(30);
    expect(new Set(near.map(({ text }) => text)).size).toBe(near.length);
    for (const { text, distance, kind } of near) {
      expect(text).not.toBe(robin.text);
      expect(distance, text).toBeGreaterThanOrEqual(1);
      if (kind !== "part") expect(distance, text).toBeLessThanOrEqual(3);
    }
    const texts = near.filter(({ kind }) => kind === "part").map(({ text }) => text);
    expect(texts).toEqual(["hey", "robin", "robin hey"]);
    expect(near.filter(({ kind }) => kind === "words").length).toBeGreaterThan(10);
    expect(near.filter(({ kind }) => kind === "sounds").length).toBeGreaterThan(5);
  });

  it("never have the phrase in them", () => {
    const computer = { text: "computer", phones: [phones("k ax m p y uw t er")] };
    const texts = nearPhrases(computer, 36, [computer], 0).map(({ text }) => text);
    expect(texts.filter((text) => text.split(" ").includes("computer"))).toEqual([]);
    expect(texts.length).toBeGreaterThan(20);
  });

  it("never sound like another wanted phrase", () => {
    const soft = { text: "light soft", phones: [phones("l ay t"), phones("s aa f t")] };
    const found = nearPhrases(lights, 36, [lights, soft], 0);
    for (const { phones: own, text } of found) expect(phoneDistance(own, soft.phones.flat()), text).toBeGreaterThanOrEqual(1);
  });

  it("depend on the seed in their invented sounds alone", () => {
    const other = nearPhrases(robin, 36, [robin, lights], 1);
    const wordsOf = (list: typeof near) => list.filter(({ kind }) => kind !== "sounds").map(({ text }) => text);
    expect(wordsOf(other)).toEqual(wordsOf(near));
    expect(other).not.toEqual(near);
    expect(nearPhrases(robin, 36, [robin, lights], 0)).toEqual(near);
  });

  it("have the phones that the engine gives its words", async () => {
    for (const { text, phones: listed } of [vocabulary()[17], vocabulary()[900], vocabulary()[1700]])
      expect((await speak(text, { voice: "kal" })).phones).toEqual(listed);
  });
});

describe("edited sounds", () => {
  const rob = phones("hh ey r aa b");
  const found = editedSounds(robin, 80, [robin, lights], [rob], 0);

  it("are as many as wanted, differ from the phrase and from each other, and have no wanted phrase in them", () => {
    expect(found).toHaveLength(80);
    expect(new Set(found.map(({ text }) => text)).size).toBe(80);
    for (const { phones: own, text } of found) {
      expect(distanceWithin(own, robin.phones.flat()), text).toBeGreaterThanOrEqual(1);
      expect(distanceWithin(own, lights.phones.flat()), text).toBeGreaterThanOrEqual(1);
      expect(phoneDistance(own, robin.phones.flat()), text).toBeLessThanOrEqual(4);
    }
  });

  it("are cut short, exchanged and added to, but never what is held back", () => {
    const lengths = found.map(({ phones: own }) => own.length);
    expect(Math.min(...lengths)).toBeLessThanOrEqual(4);
    expect(Math.max(...lengths)).toBeGreaterThanOrEqual(8);
    for (const { phones: own, text } of found) expect(phoneDistance(own, rob), text).toBeGreaterThanOrEqual(0.5);
    const free = editedSounds(robin, 80, [robin, lights], [], 0);
    expect(free.some(({ phones: own }) => phoneDistance(own, rob) < 0.5)).toBe(true);
  });

  it("are never too short to be taken for a phrase", () => {
    const off = { text: "off", phones: [phones("ao f")] };
    for (const { phones: own } of editedSounds(off, 40, [off], [], 0)) {
      expect(own.length).toBeGreaterThanOrEqual(3);
      expect(distanceWithin(own, ["ao", "f"])).toBeGreaterThanOrEqual(1);
    }
  });
});

describe("a plan for own words", () => {
  it("gives each role its phrases, and no other word sounds like a wanted one", async () => {
    const plan = await planOwnWords(["Hey  Robin", "lights off"], 300, 0);
    expect(plan.labels).toEqual(["hey_robin", "lights_off"]);
    expect(plan.phones).toEqual(["hh ey r aa b ax n", "l ay t s ao f"]);
    expect(plan.clipSeconds).toBeGreaterThanOrEqual(1);
    expect(plan.clipSeconds).toBeLessThan(2);
    for (const role of ["everywhere", "validation", "testing"] as const)
      expect(plan.near.filter((near) => near.role === role).length).toBeGreaterThan(5);
    const training = plan.others.filter(({ clips }) => clips.training > 0).flatMap(({ words }) => words);
    for (const { text, role } of plan.near)
      expect(training.includes(text), text).toBe(role === "everywhere" || role === "training");
    const measured = plan.others.filter(({ clips }) => clips.validation + clips.testing > 0).flatMap(({ words }) => words);
    const edited = plan.near.filter(({ role }) => role === "training");
    expect(edited.length).toBeGreaterThan(150);
    expect(edited.filter(({ text }) => measured.includes(text))).toEqual([]);
    for (const near of plan.near.filter(({ role }) => role === "validation" || role === "testing"))
      for (const one of edited) expect(phoneDistance(one.phones, near.phones), one.text).toBeGreaterThanOrEqual(0.5);
    expect(new Set(plan.near.map(({ folder }) => folder)).size).toBe(plan.near.length);
    expect((await planOwnWords(["hey robin", "lights off"], 300, 0)).others).toEqual(plan.others);
  });

  it("says what is wrong with the words", async () => {
    await expect(planOwnWords(["robin", "robyn"], 300, 0)).rejects.toThrow(/'robin' and 'robyn' sound the same/);
    await expect(planOwnWords(["yes", ""], 300, 0)).rejects.toThrow(UsageError);
    await expect(
      planOwnWords(
        Array.from({ length: 21 }, (_, i) => `word${i}`),
        300,
        0,
      ),
    ).rejects.toThrow(/21 words; name 1 to 20/);
    await expect(planOwnWords(["...", "yes"], 300, 0)).rejects.toThrow(/'\.\.\.' cannot be a word; use letters/);
    await expect(planOwnWords(["白い", "yes"], 300, 0)).rejects.toThrow(/cannot be spoken/);
  });
});

describe("phrases of exchanged phones", () => {
  const computer = { text: "computer", phones: [phones("k ax m p y uw t er")] };
  const huge = { text: "huge wing", phones: [phones("hh y uw jh"), phones("w ih ng")] };

  it("can all be said by the voice that has pairs of phones, whatever the seed", async () => {
    const texts = [computer, huge, robin].flatMap((phrase) =>
      [0, 1, 2, 3].flatMap((seed) => [
        ...nearPhrases(phrase, 60, [phrase], seed).filter(({ kind }) => kind === "sounds"),
        ...editedSounds(phrase, 12, [phrase], [], seed),
      ]),
    );
    expect(texts.length).toBeGreaterThan(40);
    for (const { text } of texts) await speak(text, { voice: "kal", phones: true });
  });
});
