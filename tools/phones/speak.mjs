// Speaks phrases of random words, and made-up words, in many synthetic voices, rooms and noises, and writes what phone each frame is.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { RandomStream } from "../../dist/base/random.js";
import { vocabulary } from "../../dist/corpus/near/near_phrases.js";
import { accented, drawSpeakers } from "../../dist/corpus/synthesize/speaker.js";
import { addBreath, shiftVoice } from "../../dist/corpus/synthesize/utterance.js";
import { archivedDescription, buildFrontend } from "../../dist/frontend/frontend.js";
import { Convolver } from "../../dist/signal/convolve.js";
import { warpFormants, warpTable } from "../../dist/signal/formant.js";
import { record } from "../../dist/signal/microphone.js";
import { makeNoise, noiseKinds } from "../../dist/signal/noise.js";
import { roomResponse } from "../../dist/signal/room.js";
import { speak } from "../../dist/signal/speech.js";
import { FrontendRunner } from "../../dist/train/frontend_runner.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { phoneFrontend } from "../../dist/zoo/earshot/phone_frontend.js";
import { Espeak, espeakVoices } from "./espeak.mjs";
import { bins, frames, FrameWriter } from "./frames.mjs";

const rate = 16_000;
const workers = 2;
/** Utterances of one speaker's source. */
const perSource = 4;
const vowels = new Set("aa ae ah ao aw ax ay eh er ey ih iy ow oy uh uw".split(" "));
const consonants = bodyPhones.filter((phone) => phone !== "sil" && !vowels.has(phone));

/** Writes `count` utterances under `folder`; the same whatever the machine. */
export async function speakPhones(folder, { count, seed, voices, plain = false }) {
  mkdirSync(folder, { recursive: true });
  await Promise.all(
    Array.from(
      { length: workers },
      (_, part) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { folder, count, seed, voices, plain, part } });
          worker.on("error", reject);
          worker.on("exit", resolve);
        }),
    ),
  );
}

/** What a speaker says: words of the vocabulary, or, one time in five, sounds that are no words. */
async function say({ source }, plain, random, espeak) {
  const options = {
    voice: source.voice,
    pitch: Math.min(500, Math.max(40, source.pitch)),
    pitchDeviation: source.pitchDeviation,
    stretch: Math.min(3, Math.max(0.3, source.stretch)),
  };
  const words = Array.from({ length: 1 + random.integer(4) }, () => random.pick(vocabulary()));
  if (espeak) return espeak.speak(words, options);
  const own = words.flatMap((word) => word.phones);
  const phones = !plain && random.uniform() < 0.2 ? madeUp(random) : accented(own, source.accent);
  const asText = () => speak(words.map(({ text }) => text).join(" "), options);
  // A voice may have no sound for two phones next to each other that no word has.
  return plain || phones.join() === own.join() ? asText() : speak(phones.join(" "), { ...options, phones: true }).catch(asText);
}

function madeUp(random) {
  const phones = [];
  for (let syllables = 2 + random.integer(5); syllables > 0; syllables--) {
    if (random.uniform() < 0.85) phones.push(random.pick(consonants));
    phones.push(random.pick([...vowels]));
    if (random.uniform() < 0.35) phones.push(random.pick(consonants));
  }
  return phones;
}

/** One utterance as it is heard, in whole seconds, and its phones with their times there. */
async function heard(speaker, plain, random, { noises, espeak }) {
  const spoken = await say(speaker, plain, random, espeak);
  const { sampleRate, phones, times } = spoken;
  const from = Math.max(0, times[0][0] - random.between(0.01, 0.15));
  const to = Math.min(spoken.samples.length / sampleRate, times.at(-1)[1] + random.between(0.01, 0.15));
  const cut = { samples: spoken.samples.slice(Math.floor(from * sampleRate), Math.ceil(to * sampleRate)), sampleRate };
  const shifted = shiftVoice(cut, speaker.shift * 2 ** random.between(-0.05, 0.05), rate);
  const factor = cut.samples.length / sampleRate / (shifted.length / rate);
  const warp = () =>
    warpTable(
      speaker.warp.map((value) => value * 2 ** (0.07 * random.normal())),
      rate,
    );
  const voice = speaker.warp.length > 0 ? warpFormants(shifted, warp(), warp()) : shifted;
  if (speaker.breath > 0) addBreath(voice, speaker.breath, random);
  const clip = new Float32Array(rate * Math.max(1, Math.round(voice.length / rate + 0.25)));
  const start = Math.floor(Math.max(0, clip.length - voice.length) * random.uniform());
  const room = new Convolver(roomResponse(speaker.room, random, rate));
  clip.set(room.apply(voice.subarray(0, clip.length)).subarray(0, clip.length - start), start);
  addNoise(clip, loudness(clip.subarray(start, start + voice.length)), random, noises);
  record(clip, speaker.microphone, random, rate);
  const peak = clip.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1e-5);
  const gain = 10 ** (random.between(-24, -1.5) / 20) / peak;
  for (let i = 0; i < clip.length; i++) clip[i] *= gain;
  const place = (time) => start / rate + (time - from) / factor;
  return { clip, phones: phones.map((phone, i) => ({ phone, begin: place(times[i][0]), end: place(times[i][1]) })) };
}

function loudness(samples) {
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length));
}

/** Background noise 8 to 45 dB below the voice; every sixth utterance has none. */
function addNoise(clip, level, random, noises) {
  if (random.uniform() < 1 / 6) return;
  const noise = random.pick(noises);
  const at = random.integer(noise.length - clip.length + 1);
  const gain = (level * 10 ** (-random.between(8, 45) / 20)) / Math.max(1e-5, loudness(noise.subarray(at, at + clip.length)));
  for (let i = 0; i < clip.length; i++) clip[i] += gain * noise[at + i];
}

/** The phone in the middle of each frame of second `second`. */
function phonesOfFrames(phones, second) {
  return Uint8Array.from({ length: frames }, (_, frame) => {
    const time = second + 0.01 * frame + 0.015;
    const at = phones.find(({ begin, end }) => begin <= time && time < end);
    return at ? bodyPhones.indexOf(at.phone) : 0;
  });
}

async function work({ folder, count, seed, voices, plain, part }) {
  const sound = { samples: rate, rate };
  const frontend = buildFrontend(archivedDescription(phoneFrontend), sound);
  const shape = [frames, bins];
  const runner = await FrontendRunner.open({ fromAudio: frontend, arrayShape: shape, featureShape: shape }, rate, "auto");
  const noises = noiseKinds.map((kind, i) => makeNoise(kind, 20 * rate, rate, new RandomStream(seed, i, 0x6e6f6973)));
  const split = plain ? "testing" : "training";
  const speakers = drawSpeakers({
    seed,
    split,
    engine: "flite",
    voices,
    count: 2 * Math.ceil(count / perSource),
    sampleRate: rate,
    naturalEvery: 4,
    pace: [-0.5, 0.6],
  });
  const espeak = voices.every((voice) => espeakVoices.includes(voice)) ? new Espeak() : undefined;
  const writer = new FrameWriter(join(folder, String(part)));
  for (let i = part; i < count; i += workers) {
    const speaker = speakers[2 * Math.floor(i / perSource) + (i & 1)];
    const { clip, phones } = await heard(speaker, plain, new RandomStream(seed, i, 0x75747465), { noises, espeak });
    const seconds = Math.min(runner.group, clip.length / rate);
    for (let second = 0; second < seconds; second++) runner.audio(second).set(clip.subarray(second * rate, (second + 1) * rate));
    runner.run();
    for (let second = 0; second < seconds; second++) writer.append(runner.result(second), phonesOfFrames(phones, second));
  }
  espeak?.close();
  writer.close();
  runner.close();
}

if (!isMainThread) await work(workerData);
