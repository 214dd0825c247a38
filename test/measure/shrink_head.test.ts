import { describe, expect, it } from "vitest";
import { shrinkHead } from "../../src/measure/shrink_head.js";
import { openModel } from "../../src/measure/spotter_model.js";
import type { Model } from "../../src/formats/model.js";
import { randomModel } from "../formats/random_model.js";

const small = { filters: [8], kernels: [3], dilations: [1], headFilters: 4, headKernels: [3], headDilations: [1] };
const model = randomModel("earshot/phrase_net", "log_mel_4k", { ...small, phrases: ["s t aa p", "g ow"] });

async function score(one: Model): Promise<number[]> {
  const spotter = await openModel(one, { target: "oracle", name: "m" });
  const sound = Float32Array.from({ length: 16_000 }, (_, i) => Math.sin(0.05 * i) * Math.sin(0.0003 * i));
  return [...(await spotter.scoreSounds(sound, 1).finally(() => spotter.close()))];
}

describe("shrinkHead", () => {
  it("gives the mean of the weights with and without what was learnt", () => {
    const [none, half] = [0, 0.5].map((share) => shrinkHead(model, share).parameters);
    for (const [name, values] of model.parameters)
      for (const [i, value] of half.get(name)!.entries()) expect(value).toBeCloseTo((values[i] + none.get(name)![i]) / 2, 6);
    const changed = [...model.parameters.keys()].filter((name) => half.get(name) !== model.parameters.get(name));
    expect(changed.toSorted()).toEqual([
      "phrase.classifier.bias",
      "phrase.classifier.kernel",
      "phrase.path.bias",
      "phrase.path.kernel",
    ]);
  });

  it("leaves the body's phones to find the phrases where nothing is kept", async () => {
    const scores = await score(shrinkHead(model, 0));
    const others = scores.slice(0, -2);
    for (const other of others) expect(other).toBeCloseTo(others[0], 6);
    for (const phrase of scores.slice(-2)) expect(Math.abs(phrase - others[0])).toBeGreaterThan(1e-3);
    expect(await score(shrinkHead(model, 1))).toEqual(await score(model));
    expect(await score(shrinkHead(model, 0.5))).not.toEqual(scores);
  });

  it("leaves a network without paths as it is", () => {
    const without = randomModel("earshot/phrase_net", "log_mel_4k", small);
    expect(shrinkHead(without, 0.5)).toBe(without);
  });
});
