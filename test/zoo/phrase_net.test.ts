import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { labelLayer } from "../../src/train/pretrained.js";
import { bodyPhones } from "../../src/zoo/blocks/phrase_paths.js";
import { phrasePathCell, unreached } from "../../src/zoo/cells/phrase_path.js";
import { buildModel } from "../../src/zoo/index.js";

const phrases = ["hh ey r aa b ax n", "l ay t s ao f"];
const shape = { frames: 90, features: 40, labels: 4 };

/** Best score of every way through the phones, by trying all of them from each frame on. */
function bestByTrying(fits: readonly (readonly number[])[], stays: readonly (readonly number[])[]): number {
  const last = (fits[0]?.length ?? 0) - 1;
  const from = (frame: number, phone: number, entered: boolean): number => {
    if (frame === fits.length || phone > last) return -Infinity;
    const own = (entered ? fits : stays)[frame]?.[phone] ?? 0;
    const onwards = Math.max(from(frame + 1, phone, false), from(frame + 1, phone + 1, true));
    return own + Math.max(phone === last ? 0 : -Infinity, onwards);
  };
  return Math.max(...fits.map((_, frame) => from(frame, 0, true)));
}

async function bestByCell(
  fits: readonly (readonly number[])[],
  stays: readonly (readonly number[])[],
  lengths: readonly number[],
): Promise<number[]> {
  const width = lengths.reduce((sum, length) => sum + length, 0);
  const builder = new GraphBuilder("paths");
  const inputs = ["fits", "stays"].map((name) => builder.input(name, tensor("f32", [fits.length, 1, width])));
  const scores = builder.op("zeros", [inputs[0] as Value], { shape: [1, width] });
  const attributes = { states: 1, sequences: 2, reverse: false };
  const [, ended] = builder.apply("scan", [scores, ...inputs], attributes, phrasePathCell(1, lengths));
  builder.output("best", builder.op("max", [ended as Value], { axes: [0], keep: false }));
  const program = await compile(builder.finish(), { target: "oracle" });
  program.write("fits", Float32Array.from(fits.flat()));
  program.write("stays", Float32Array.from(stays.flat()));
  program.run();
  const best = [...program.read("best")].map((score) => score - unreached);
  program.close();
  return best;
}

describe("phrase_path", () => {
  it("finds for each phrase what trying all ways finds", async () => {
    const random = new RandomStream(3);
    const lengths = [4, 1, 2];
    const draw = (): number[][] => Array.from({ length: 8 }, () => Array.from({ length: 7 }, () => random.between(-4, 0.5)));
    const [fits, stays] = [draw(), draw()];
    const found = await bestByCell(fits, stays, lengths);
    for (const [i, first] of [0, 4, 5].entries()) {
      const part = (rows: number[][]): number[][] => rows.map((row) => row.slice(first, first + (lengths[i] as number)));
      expect(found[i]).toBeCloseTo(bestByTrying(part(fits), part(stays)), 4);
    }
  });
});

/** What a graph with first weights gives for a clip. */
async function firstOutput(graph: Graph, target: "oracle" | "wasm", features: Float32Array): Promise<Float32Array> {
  const program = await compile(graph, { target });
  for (const [name, first] of initializeParameters(graph, 1)) program.write(name, first);
  program.write("features", features);
  program.run();
  const logits = program.read("logits").slice();
  program.close();
  return logits;
}

describe("phrase_net", () => {
  it("gives a clip of a batch what it gives the clip alone, on wasm as on the oracle", async () => {
    const model = buildModel("earshot/phrase_net", { phrases }, shape);
    const random = new RandomStream(5);
    const features = Float32Array.from({ length: 3 * shape.frames * shape.features }, () => random.normal());
    const logitsOf = (count: number, target: "oracle" | "wasm", values: Float32Array): Promise<Float32Array> =>
      firstOutput(retype(model, { inputs: { features: [count, shape.frames, shape.features] } }), target, values);
    const alone = await logitsOf(1, "oracle", features.subarray(0, shape.frames * shape.features));
    const together = await logitsOf(3, "wasm", features);
    for (let label = 0; label < shape.labels; label++) expect(together[label]).toBeCloseTo(alone[label] as number, 3);
    expect(together[2]).not.toBeCloseTo(together[6] as number, 3);
  });

  it("hears a phrase by its phones before it has learnt anything of it", async () => {
    // A body whose channels are the phones themselves: only the paths can tell the two clips apart.
    const builder = new GraphBuilder("fits");
    const { phrasePaths } = await import("../../src/zoo/blocks/phrase_paths.js");
    const count = bodyPhones.length;
    const body = builder.input("features", tensor("f32", [1, 40, count]));
    builder.output("fits", phrasePaths(builder, "phrase.path", body, [phrases[0]?.split(" ") ?? []]));
    const graph = builder.finish();
    const program = await compile(graph, { target: "oracle" });
    for (const [name, first] of initializeParameters(graph, 1)) program.write(name, first);
    program.write(
      "phones.kernel",
      Float32Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 1 : 0)),
    );
    const fit = (phones: string): number => {
      const said = phones.split(" ");
      const clip = new Float32Array(40 * count);
      for (let t = 0; t < 40; t++) clip[t * count + bodyPhones.indexOf(said[Math.floor((t * said.length) / 40)] as string)] = 8;
      program.write("features", clip);
      program.run();
      return program.read("fits")[0] as number;
    };
    const own = fit("hh ey r aa b ax n");
    expect(own).toBeGreaterThan(fit("hh ey r ah b ax n") + 0.5);
    expect(fit("hh ey r ah b ax n")).toBeGreaterThan(fit("ow p ax n dh ax d ao r") + 1);
    program.close();
  });

  it("has the same body with either head, and names phones of as many frames as the body sees", () => {
    const parameters = (options: Record<string, unknown>, frames: number): Map<string, string> => {
      const graph = buildModel("earshot/phrase_net", options, { frames, features: 40, labels: bodyPhones.length });
      return new Map(graph.parameters.map(({ name, value }) => [name, value.type.shape.join("x")]));
    };
    const phone = parameters({ head: "phone" }, 41);
    const phrase = parameters({ phrases }, 90);
    for (const [name, size] of phone) expect(phrase.get(name)).toBe(size);
    expect([...phrase.keys()].filter((name) => !phone.has(name)).every((name) => name.startsWith("phrase."))).toBe(true);
    expect(() => parameters({ head: "phone" }, 40)).toThrow(/needs 5 frames and there are|needs \d+ frames/);
  });

  it("names at each step of a clip what it names in the middle of a window", async () => {
    const run = (head: string, frames: number, values: Float32Array): Promise<Float32Array> =>
      firstOutput(
        buildModel("earshot/phrase_net", { head }, { frames, features: 40, labels: bodyPhones.length }),
        "wasm",
        values,
      );
    const [frames, view] = [98, 41];
    const random = new RandomStream(7);
    const clip = Float32Array.from({ length: frames * 40 }, () => random.normal());
    const steps = await run("phones", frames, clip);
    expect(steps).toHaveLength((frames / 2) * bodyPhones.length);
    const step = 24;
    // The step's frame is the second of its stride of two.
    const first = 2 * step + 1 - (view - 1) / 2;
    const window = await run("phone", view, clip.slice(first * 40, (first + view) * 40));
    for (const [phone, logit] of window.entries()) expect(steps[step * bodyPhones.length + phone]).toBeCloseTo(logit, 3);
  });

  describe("bodies side by side", () => {
    const size = { frames: 60, features: 8, labels: bodyPhones.length };
    const small = { head: "phones", filters: 6, kernels: [3], dilations: [2], dropout: 0 };
    const random = new RandomStream(9);
    const clip = Float32Array.from({ length: size.frames * size.features }, () => random.normal());
    const louder = clip.map((value, i) => value + (i % size.features) - 3);

    async function logitsOf(
      bodies: string[],
      first: ReadonlyMap<string, Float32Array>,
      features: Float32Array,
    ): Promise<Float32Array> {
      const program = await compile(buildModel("earshot/phrase_net", { ...small, bodies }, size), { target: "oracle" });
      for (const [name, values] of first) program.write(name, values);
      program.write("features", features);
      program.run();
      const logits = program.read("logits").slice();
      program.close();
      return logits;
    }

    const firstOf = (kind: string, seed: number): Map<string, Float32Array> => {
      const graph = buildModel("earshot/phrase_net", { ...small, bodies: [kind] }, size);
      return new Map([...initializeParameters(graph, seed)].map(([name, values]) => [name, Float32Array.from(values)]));
    };

    it("give the mean of their logits where the label layer has theirs one after the other, halved", async () => {
      const [plain, levelled] = [firstOf("plain", 1), firstOf("levelled", 2)];
      const pair = new Map(plain);
      for (const [name, values] of levelled) if (name.startsWith("body.")) pair.set(name.replace("body", "body2"), values);
      const kernels = [plain, levelled].flatMap((one) => [...(one.get("phones.kernel") as Float32Array)]);
      pair.set(
        "phones.kernel",
        Float32Array.from(kernels, (x) => x / 2),
      );
      const together = await logitsOf(["plain", "levelled"], pair, clip);
      const [one, other] = [await logitsOf(["plain"], plain, clip), await logitsOf(["levelled"], levelled, clip)];
      expect(together).toHaveLength(30 * bodyPhones.length);
      for (const [i, logit] of together.entries()) expect(logit).toBeCloseTo(((one[i] as number) + (other[i] as number)) / 2, 5);
    });

    it("hear a feature as it is or less its mean over the clip", async () => {
      const first = firstOf("levelled", 3);
      const [same, moved] = [await logitsOf(["levelled"], first, clip), await logitsOf(["levelled"], first, louder)];
      for (const [i, logit] of moved.entries()) expect(logit).toBeCloseTo(same[i] as number, 4);
      const plain = await logitsOf(["plain"], first, clip);
      expect((await logitsOf(["plain"], first, louder)).some((logit, i) => Math.abs(logit - (plain[i] as number)) > 0.1)).toBe(
        true,
      );
    });
  });

  it("counts everything of the head as belonging to the labels", () => {
    const graph = buildModel("earshot/phrase_net", { phrases }, shape);
    const names = graph.parameters.map(({ name }) => name);
    expect([...labelLayer(graph)].toSorted()).toEqual(names.filter((name) => name.startsWith("phrase.")).toSorted());
  });

  it("refuses what is no phone, and more phrases than labels", () => {
    expect(() => buildModel("earshot/phrase_net", { phrases: ["hh qq"] }, shape)).toThrow(/phones of the CMU set/);
    expect(() => buildModel("earshot/phrase_net", { phrases: Array(5).fill("l ay t") }, shape)).toThrow(/5 phrases and 4 labels/);
  });
});
