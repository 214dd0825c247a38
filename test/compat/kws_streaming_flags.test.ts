import { describe, expect, test } from "vitest";
import { modelFlags, quantizationFlags } from "../../src/compat/kws_streaming/model_flags.js";
import { defaultOptions, resolveOptions } from "../../src/zoo/index.js";
import { optionName } from "../../src/zoo/options.js";

/** Options of our networks that the original has no flag for. */
const ours: Readonly<Record<string, readonly string[]>> = {
  lstm: ["cellClip", "projClip"],
  gru: ["resetAfter"],
  cnn: ["revision"],
};

describe("flags of kws_streaming's models", () => {
  test("there are 19 models", () => expect(Object.keys(modelFlags)).toHaveLength(19));

  test.each(Object.entries(modelFlags))("%s: every option has its flag, with our default", (model, flags) => {
    const given = Object.entries(flags).filter(([name]) => !quantizationFlags.includes(name));
    const network = `kws_streaming/${model}`;
    const values = Object.fromEntries(given.map(([name, { value }]) => [name, value]));
    const names = [...given.map(([name]) => optionName(name)), ...(ours[model] ?? [])];
    expect(names.toSorted()).toEqual(Object.keys(defaultOptions(network)).toSorted());
    const stateful = model === "crnn" ? { stateful: true } : {};
    expect(resolveOptions(network, values)).toEqual(resolveOptions(network, stateful));
  });
});
