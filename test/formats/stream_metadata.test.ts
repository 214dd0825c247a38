import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { ModelStream, preferredForm, streamModel, withStream } from "../../src/detect/model_stream.js";
import type { Model } from "../../src/formats/model.js";
import { parseModel, writeModel } from "../../src/formats/model_file.js";
import { parseSafetensors, type Safetensors, writeSafetensors } from "../../src/formats/safetensors.js";
import { printGraph } from "../../src/graph/text_print.js";
import { randomModel } from "./random_model.js";

function noise(count: number): Float32Array {
  const random = new RandomStream(5);
  return Float32Array.from({ length: count }, () => random.between(-0.5, 0.5));
}

async function hear(model: Model, options: Parameters<typeof ModelStream.open>[1] = {}): Promise<unknown> {
  const stream = await ModelStream.open(model, { ...options, target: "wasm" });
  const heard = stream.feed(noise(22_000));
  stream.close();
  return heard;
}

/** The file with its content changed, and without the checksum that would tell so at once. */
function changed(model: Model, change: (content: Safetensors) => void): Uint8Array {
  const content = parseSafetensors(writeModel(model), "x");
  content.metadata.delete("earshot.checksum");
  change(content);
  return writeSafetensors(content);
}

const table = (patch: Record<string, unknown>) => (content: Safetensors) =>
  void content.metadata.set(
    "earshot.stream",
    JSON.stringify({ ...JSON.parse(content.metadata.get("earshot.stream") as string), ...patch }),
  );

const swap = (key: string, from: string | RegExp, to: string) => (content: Safetensors) => {
  const text = content.metadata.get(key) as string;
  expect(text.search(from)).toBeGreaterThan(-1);
  content.metadata.set(key, text.replace(from, to));
};

describe("streaming graph in a model file", () => {
  const model = randomModel("ds_cnn_s", "arm");

  for (const options of [
    { form: "context", input: "audio" },
    { form: "context", input: "features", hops: 1 },
    { form: "window", input: "features", hops: 3 },
  ] as const)
    it(`comes back as it was: ${Object.values(options).join(" ")}`, () => {
      const streaming = withStream(model, options);
      const again = parseModel(writeModel(streaming), "x");
      const { phases, ...rest } = again.stream!.graph;
      const { phases: wanted, ...others } = streaming.stream!.graph;
      expect(phases.map(printGraph)).toEqual(wanted.map(printGraph));
      expect(JSON.stringify(rest)).toBe(JSON.stringify(others));
      expect(again.stream!.input).toBe(options.input);
      // Without other wishes it listens in its own way.
      expect(streamModel(again)).toBe(again.stream!.graph);
      expect(streamModel(again, { form: options.form === "context" ? "window" : "context" }).form).not.toBe(options.form);
      expect(preferredForm(again)).toBe(options.form);
    });

  it("hears what the model hears that it was made from, also behind its front end", async () => {
    const crnn = randomModel("crnn", "kws_streaming");
    for (const own of [model, crnn]) {
      const wanted = await hear(own, { form: "context" });
      for (const input of ["audio", "features"] as const) {
        const again = parseModel(writeModel(withStream(own, { form: "context", input })), "x");
        expect(await hear(again, { input: "audio" })).toEqual(wanted);
      }
    }
  });

  const streaming = withStream(model, { form: "context", input: "features", hops: 1 });
  const phase = "earshot.stream.phase.1";
  for (const [what, change, message] of [
    ["a table that is a list", (c: Safetensors) => void c.metadata.set("earshot.stream", "[]"), /stream: is not a JSON table/],
    ["an unknown form", table({ form: "both" }), /form is "both", not context or window/],
    ["no phases", table({ phases: 0 }), /phases is 0, no whole number from 1 to 64/],
    ["too many phases", table({ phases: 3 }), /stream\.phase\.2: is missing/],
    ["a missing phase", (c: Safetensors) => void c.metadata.delete(phase), /stream\.phase\.1: is missing/],
    ["a step of another length", table({ chunk: 2 }), /its input is not features f32\[1,2,10\]/],
    ["a lead as long as a step", table({ lead: 1 }), /lead is 1, no whole number from 0 to 0/],
    ["a huge delay", table({ delay: 1e300 }), /delay is 1e\+300, no whole number/],
    ["results at other steps", table({ resultLatest: 60 }), /its output is not logits/],
    ["results of another rhythm", table({ resultStride: 3 }), /do not repeat together/],
    ["a state without a start", table({ starts: {} }), /starts of \S+ is null, no number of a step/],
    ["a start of no state", table({ starts: { other: 0 } }), /no phase has the state other/],
    ["a phase that is no graph", swap(phase, /\bconv2d\(/, "conv9d("), /unknown op 'conv9d'/],
    [
      "a parameter of another name",
      swap(phase, /parameter \S+/, "parameter foreign"),
      /parameter foreign is none of earshot\.graph/,
    ],
    ["a state of another type", swap(phase, /(state \S+ %\d+: f32\[1,)\d+/, "$199"), /verifier|several types/],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => parseModel(changed(streaming, change), "x")).toThrow(message);
    });
});
