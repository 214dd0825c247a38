import { describe, expect, it } from "vitest";
import { buildFrontend, describeFrontend, oneSecond } from "../../src/frontend/frontend.js";
import { ClipProgram } from "../../src/train/clip_program.js";
import { FrontendRunner } from "../../src/train/frontend_runner.js";
import { tone } from "../corpus/folders.js";
import { targets } from "../frontend/run.js";

const fromAudio = buildFrontend(describeFrontend({ kind: "mfcc_tf", dctCoefficients: 10 }), oneSecond);
const samples = oneSecond.samples;
const still = { factor: 1, shift: 0, gain: 1, noiseVolume: 0 };

describe.each(targets.filter((target) => target !== "oracle"))("the clip program on %s", (target) => {
  const open = (noise: boolean) => ClipProgram.open(fromAudio, { group: 2, samples, noise, target });
  const words = Int16Array.from(tone(samples, 500, 0.4), (value) => Math.round(value * 32768));

  it("gives the features of the front end where nothing is changed, from 16-bit samples and from floats", async () => {
    const program = await open(true);
    program.pcm(0).set(words);
    program.floats(1).set(Float32Array.from(words, (value) => value / 32768));
    program.set(0, { ...still, count: samples });
    program.set(1, { ...still, count: -1 });
    program.run();
    const runner = await FrontendRunner.open({ fromAudio, arrayShape: [49, 10], featureShape: [49, 10] }, samples, target);
    runner.audio(0).set(Float32Array.from(words, (value) => value / 32768));
    runner.run();
    expect(program.result(0)).toEqual(runner.result(0));
    expect(program.result(1)).toEqual(runner.result(0));
    runner.close();
    program.close();
  });

  it("mixes gain and noise and limits the sum, whatever the neighbour is", async () => {
    const program = await open(true);
    const noise = tone(3 * samples, 1800, 0.9);
    program.pcm(0).set(words);
    program.setNoise(0, noise, 7000);
    program.set(0, { ...still, count: samples, gain: 4, noiseVolume: 0.5 });
    program.run();
    const first = program.result(0).slice();
    const mixed = Float32Array.from(words, (value, i) =>
      Math.max(-1, Math.min(1, Math.fround(Math.fround((value / 32768) * 4) + Math.fround(noise[7000 + i] * 0.5)))),
    );
    program.floats(1).set(mixed);
    program.set(1, { ...still, count: -1 });
    program.run();
    expect(program.result(0)).toEqual(first);
    const far = program.result(1).reduce((most, value, i) => Math.max(most, Math.abs(value - first[i])), 0);
    expect(far).toBeLessThan(1e-3);
    program.close();
  });

  it("only stretches without a front end", async () => {
    const program = await ClipProgram.open(undefined, { group: 1, samples, noise: false, target });
    program.pcm(0).set(words);
    program.set(0, { ...still, count: 100, shift: 50 });
    program.run();
    expect([...program.result(0)]).toEqual(
      Array.from({ length: samples }, (_, i) => (i >= 50 && i < 150 ? words[i - 50] / 32768 : 0)),
    );
    program.close();
  });
});
