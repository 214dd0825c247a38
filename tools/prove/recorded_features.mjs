import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../dist/engine/compile.js";
import { decodeSound } from "../../dist/signal/decode.js";

/** The first recording, by name, of each word's folder in DATA/speech_commands. */
export const firstRecordings = (sounds, words) =>
  words.map((word) => join(sounds, word, readdirSync(join(sounds, word)).toSorted()[0]));

/**
 * Features of recordings, each cut or filled up with silence to the front end's length.
 * @param frontend graph from "audio" [1, samples] to "features"
 * @returns one list of values for each file
 */
export async function recordedFeatures(frontend, files) {
  const program = await compile(frontend, { target: "wasm" });
  const samples = frontend.inputs[0].value.type.shape[1];
  const clips = [];
  for (const file of files) {
    const audio = new Float32Array(samples);
    audio.set((await decodeSound(readFileSync(file), file)).samples.subarray(0, samples));
    program.write("audio", audio);
    program.run();
    clips.push(program.read("features").slice());
  }
  program.close();
  return clips;
}

/** Lists of values, one after another. */
export const joined = (lists) => Float32Array.from(lists.flatMap((list) => [...list]));
