import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import type { TargetName } from "../../src/engine/program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";
import { planStretch } from "../../src/corpus/augment/resample.js";
import golden from "../corpus/augment/resample_tensorflow.json" with { type: "json" };
import { otherTargets } from "./op_check.js";

const targets: TargetName[] = ["oracle", ...otherTargets];

interface Stretched {
  factor: number;
  shift: number;
}

/** Rows of x, each stretched and moved, by the op. */
async function stretch(
  target: TargetName,
  x: readonly Float32Array[],
  controls: readonly Stretched[],
  outputs: number,
  coordinates: string,
): Promise<Float32Array[]> {
  const [rows, samples] = [x.length, x[0].length];
  const g = new GraphBuilder("stretch");
  const inputs = [
    g.input("x", tensor("f32", [rows, samples])),
    g.input("ranges", tensor("i32", [rows, 3])),
    g.input("scales", tensor("f32", [rows])),
  ];
  g.output("y", g.op("resample_linear", inputs, { samples: outputs, coordinates }));
  const program = await compile(g.finish(), { target });
  for (const [row, { factor, shift }] of controls.entries()) {
    const { start, end, offset, scale } = planStretch(samples, outputs, factor, shift);
    program.read("x").set(x[row], row * samples);
    (program.view("ranges") as Int32Array).set([start, end, offset], 3 * row);
    program.read("scales")[row] = scale;
  }
  program.run();
  const found = x.map((_, row) => program.read("y").slice(row * outputs, (row + 1) * outputs));
  program.close();
  return found;
}

/** By its definition: interpolated at every place, cropped or padded around the centre, then delayed. */
function byDefinition(x: Float32Array, { factor, shift }: Stretched, outputs: number): Float32Array {
  const length = Math.trunc(Math.fround(x.length * Math.fround(factor)));
  const scale = Math.fround(x.length / length);
  const whole = Float32Array.from({ length: Math.max(0, length) }, (_, i) => {
    const position = Math.fround(i * scale);
    const lower = Math.min(Math.trunc(position), x.length - 1);
    const [left, right] = [x[lower], x[Math.min(lower + 1, x.length - 1)]];
    return left + Math.fround(Math.fround(right - left) * Math.fround(position - Math.trunc(position)));
  });
  const before = Math.floor((outputs - length) / 2);
  const crop = Math.max(0, Math.floor((length - outputs) / 2));
  const centred = Float32Array.from({ length: outputs }, (_, i) =>
    length >= outputs ? whole[i + crop] : (whole[i - Math.max(0, before)] ?? 0),
  );
  return Float32Array.from({ length: outputs }, (_, i) => centred[i - shift] ?? 0);
}

describe.each(targets)("resample_linear on %s", (target) => {
  const input = Float32Array.from(golden.input, (value) => value / 32768);

  it(`agrees with TensorFlow ${golden.tensorflow} to the bit`, async () => {
    const controls = golden.cases.map(({ factor }) => ({ factor, shift: 0 }));
    const rows = controls.map(() => input);
    const legacy = await stretch(target, rows, controls, input.length, "legacy");
    expect(legacy.map((row) => [...row])).toEqual(golden.cases.map((c) => c.legacy.map(Math.fround)));
    const halfPixel = await stretch(target, rows, controls, input.length, "half-pixel");
    expect(halfPixel.map((row) => [...row])).toEqual(golden.cases.map((c) => c.halfPixel.map(Math.fround)));
  });

  it("is what its definition says, at any factor, shift and length", async () => {
    const x = Array.from({ length: 40 }, (_, row) => {
      const random = new RandomStream(5, row);
      return Float32Array.from({ length: 61 }, () => random.between(-1, 1));
    });
    for (const outputs of [61, 50, 80]) {
      const controls = x.map((_, row) => {
        const random = new RandomStream(6, row, outputs);
        return { factor: row === 0 ? 1 : random.between(0.02, 2.5), shift: row < 3 ? 0 : random.integer(180) - 90 };
      });
      const found = await stretch(target, x, controls, outputs, "legacy");
      for (const [row, control] of controls.entries())
        expect([...found[row]], JSON.stringify(control)).toEqual([...byDefinition(x[row], control, outputs)]);
    }
  });
});

describe("the controls of resample_linear", () => {
  it("never reach outside, whatever factor, shift and length", () => {
    const small = fc.integer({ min: 1, max: 90 });
    fc.assert(
      fc.property(
        small,
        small,
        fc.double({ min: 0, max: 4, noNaN: true }),
        fc.integer({ min: -200, max: 200 }),
        (samples, outputs, factor, shift) => {
          const { start, end, offset } = planStretch(samples, outputs, factor, shift);
          expect(start >= 0 && start <= end && end <= outputs).toBe(true);
          if (end > start) expect(start + offset).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});

describe.each(targets)("decode_pcm16 on %s", (target) => {
  it("gives 16-bit samples as fractions and zeros behind them, or the floats", async () => {
    const samples = 45;
    const counts = [45, 0, 17, -1, 32, 99];
    const g = new GraphBuilder("decode");
    const inputs = [
      g.input("pcm", tensor("i16", [counts.length, samples])),
      g.input("counts", tensor("i32", [counts.length])),
      g.input("samples", tensor("f32", [counts.length, samples])),
    ];
    g.output("y", g.op("decode_pcm16", inputs));
    const program = await compile(g.finish(), { target });
    const pcm = Int16Array.from({ length: counts.length * samples }, (_, i) => (i === 0 ? -32768 : (i * 7919) % 32768));
    const floats = Float32Array.from(pcm, (_, i) => i / 1000);
    program.write("pcm", pcm);
    program.write("counts", counts);
    program.write("samples", floats);
    program.run();
    const expected = Float32Array.from(pcm, (value, i) => {
      const count = counts[Math.floor(i / samples)];
      if (count < 0) return floats[i];
      return i % samples < count ? value / 32768 : 0;
    });
    expect([...program.read("y")]).toEqual([...expected]);
    program.close();
  });
});
