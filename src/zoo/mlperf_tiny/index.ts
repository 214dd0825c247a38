import { frontendPreset } from "../../frontend/presets.js";
import type { Architecture, ZooModel } from "../model.js";
import { streamingWakeword } from "./streaming_wakeword.js";

/** MLPerf Tiny's own network; its keyword model is Hello Edge's ds_cnn. */
export const mlperfTinyArchitectures = [streamingWakeword] as unknown as readonly Architecture[];

/** The models of MLPerf Tiny's two benchmarks of speech. */
export const mlperfTinyModels: readonly ZooModel[] = [
  {
    name: "tiny_kws",
    architecture: "hello_edge/ds_cnn",
    family: "mlperf_tiny",
    documentation: "MLPerf Tiny keyword spotting (kws01): Hello Edge's ds_cnn S with dropout and its own front end",
    options: { dropout1: 0.2, dropout2: 0.4 },
    frontend: frontendPreset("FE-B"),
    shape: { frames: 49, features: 10, labels: 12 },
    published: { source: "MLPerf Tiny v1.2, keyword spotting", accuracy: "92.2", parameters: "24,908" },
  },
  {
    name: "tiny_sww",
    architecture: "mlperf_tiny/streaming_wakeword",
    family: "mlperf_tiny",
    documentation: 'MLPerf Tiny streaming wake word (sww01): "marvin", silence, anything else',
    options: {},
    frontend: frontendPreset("FE-C"),
    shape: { frames: 30, features: 40, labels: 3 },
    published: { source: "MLPerf Tiny v1.2, streaming wake word, validation", accuracy: "96.07" },
  },
];
