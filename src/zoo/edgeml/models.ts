import { featureShape, oneSecond } from "../../frontend/frontend.js";
import { frontendPreset } from "../../frontend/presets.js";
import type { ModelOptions, PublishedFigures, ZooModel } from "../model.js";

const frontend = frontendPreset("ell");

function model(
  name: string,
  cell: string,
  documentation: string,
  options: ModelOptions,
  labels: number,
  published: PublishedFigures,
): ZooModel {
  const shape = { ...featureShape(frontend, oneSecond), labels };
  return {
    name,
    architecture: `edgeml/${cell}`,
    family: "edgeml",
    documentation: `EdgeML ${documentation}`,
    options,
    frontend,
    shape,
    published,
  };
}

/** The published command, whose accuracy is not printed: two layers of 128 units on the 35 words of Speech Commands v0.02. */
function command(name: string, cell: string, title: string): ZooModel {
  const published = { source: "EdgeML, FastCells, README", accuracy: "" };
  return model(name, cell, `${title}, two layers of 128 units`, { numLayers: 2, hiddenUnits: 128 }, 35, published);
}

/** A row of the FastGRNN paper's table, on words of Speech Commands v0.01; `accuracy` as printed. */
function paper(name: string, documentation: string, options: ModelOptions, labels: number, accuracy: string): ZooModel {
  const published = { source: "arXiv 1901.02358, Google-12 and Google-30", accuracy };
  return model(name, "fastgrnn", documentation, { ...options, classifierStart: "normal" }, labels, published);
}

/**
 * EdgeML's classifiers. FastGRNN-LSQ is neither of low rank nor sparse nor quantized, -Q of low rank and sparse but not quantized. The paper
 * has 99 frames; this front end, which is that of the published command, gives 98.
 */
export const edgemlModels: readonly ZooModel[] = [
  command("fastgrnn", "fastgrnn", "FastGRNN"),
  command("fastrnn", "fastrnn", "FastRNN"),
  command("ugrnn", "ugrnn", "UGRNN"),
  command("edgeml_gru", "gru", "GRU"),
  command("edgeml_lstm", "lstm", "LSTM"),
  paper("fastgrnn_lsq_12", "FastGRNN-LSQ on 12 labels", { hiddenUnits: 100 }, 12, "93.18"),
  paper("fastgrnn_lsq_30", "FastGRNN-LSQ on 30 words", { hiddenUnits: 80 }, 30, "92.03"),
  paper("fastgrnn_q_12", "FastGRNN-Q on 12 labels", { hiddenUnits: 100, wRank: 16, uRank: 25 }, 12, "92.60"),
  paper(
    "fastgrnn_q_30",
    "FastGRNN-Q on 30 words",
    { hiddenUnits: 100, wRank: 16, uRank: 35, gateNonlinearity: "tanh" },
    30,
    "91.18",
  ),
];
