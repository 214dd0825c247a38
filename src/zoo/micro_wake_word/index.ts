import { frontendPreset } from "../../frontend/presets.js";
import type { Architecture, ModelOptions, ZooModel } from "../model.js";
import { mixednet } from "./mixednet.js";

/** microWakeWord's network. */
export const microWakeWordArchitectures = [mixednet] as unknown as readonly Architecture[];

const frontend = frontendPreset("FE-D-10");

/** Frames: those of the results in 1.5 seconds and those that the kernels drop, as the training counts them; five results in the shipped files. */
function model(name: string, documentation: string, frames: number, options: ModelOptions): ZooModel {
  return {
    name,
    architecture: "micro_wake_word/mixednet",
    family: "micro_wake_word",
    documentation: `microWakeWord mixednet, ${documentation}`,
    options,
    frontend,
    samples: 480 + (frames - 1) * 160,
    shape: { frames, features: 40, labels: 2 },
    published: { source: "microWakeWord, basic training notebook; micro-wake-word-models v2", accuracy: "" },
  };
}

/** mixednet as in the published training and as in the wake words that ESPHome ships. */
export const microWakeWordModels: readonly ZooModel[] = [
  model("mixednet", "the published training", 204, { mixconvKernelSizes: [[5], [7, 11], [9, 15], [23]] }),
  model("mixednet_alexa", 'the graph of the wake word "alexa"', 149, {}),
  model("mixednet_hey_jarvis", 'the graph of the wake word "hey jarvis"', 149, {
    firstConvFilters: 30,
    pointwiseFilters: [60, 60, 60, 60],
  }),
];
