import type { CommandEntry } from "./run.js";

/** Every command, in the order of the help text. A module is loaded only when its command is used. */
export const commands: readonly CommandEntry[] = [
  { name: "quickstart", summary: "synthesise, train, measure, export and use a spotter", load: () => import("./quickstart.js") },
  { name: "data", summary: "get, synthesise, check, count and featurize data sets", load: () => import("./data.js") },
  { name: "train", summary: "train a network and measure it", load: () => import("./train.js") },
  { name: "recipes", summary: "list the published trainings, or show one", load: () => import("./recipes.js") },
  { name: "evaluate", summary: "measure a model on a data set", load: () => import("./evaluate.js") },
  { name: "predict", summary: "say what is spoken in recordings", endsWithReader: true, load: () => import("./predict.js") },
  {
    name: "listen",
    summary: "hear keywords in a long recording, a pipe or the microphone",
    endsWithReader: true,
    load: () => import("./listen.js"),
  },
  { name: "quantize", summary: "make a float model one of 8-bit integers", load: () => import("./quantize.js") },
  { name: "import", summary: "read trained weights of another system as a model", load: () => import("./import.js") },
  { name: "export", summary: "write a model as a file for another runtime", load: () => import("./export.js") },
  { name: "profile", summary: "count what a network costs", load: () => import("./profile.js") },
  { name: "stream", summary: "make a model hear one step of sound after another", load: () => import("./stream.js") },
  { name: "report", summary: "make one HTML page of a training run, or of several compared", load: () => import("./report.js") },
  {
    name: "compat",
    summary: "run a command line of kws_streaming, ML-KWS, FastCells or SpeechRec",
    load: () => import("./compat.js"),
  },
];
