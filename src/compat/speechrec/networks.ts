import { existsSync } from "node:fs";
import { basename } from "node:path";
import { importModel } from "../../formats/import/index.js";
import type { Model } from "../../formats/model.js";
import { stateDictOf, writeStateDict } from "../../formats/pytorch/write.js";
import { writeFileSafely } from "../../formats/write_file.js";
import { countParameters, multiplyAccumulates } from "../../graph/count.js";
import { type Graph, type ParameterData, sizeOf } from "../../graph/types.js";

/** SpeechRec's names of the networks. */
export const networkNames = ["shufflenet", "mobilenet", "resnet"] as const;
export type NetworkName = (typeof networkNames)[number];

/** Name in the zoo and file of the weights, relative to the folder that the program runs in. */
export const networks: Readonly<Record<NetworkName, { readonly zoo: string; readonly weights: string }>> = {
  shufflenet: { zoo: "shufflenetv2", weights: "model/weights_shufflenet_v2_05.pth" },
  mobilenet: { zoo: "mobilenetv2", weights: "model/weights_mobilenet_v2.pth" },
  resnet: { zoo: "resnet18", weights: "model/weights_resnet_18.pth" },
};

/** SpeechRec's classes in the order of the weights. */
export const classes = ["unknown", "silence", "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"] as const;

/** Our label of a class. */
const labelOf = (name: string): string => (name === "unknown" || name === "silence" ? `_${name}_` : name);

/** SpeechRec's name of a label of ours. */
export const classOf = (label: string): string => label.replace(/^_(unknown|silence)_$/, "$1");

/** The model of a network's weight file; undefined where there is none. */
export async function loadWeights(name: NetworkName): Promise<Model | undefined> {
  const { zoo, weights } = networks[name];
  if (!existsSync(weights)) return undefined;
  return importModel(weights, { network: zoo, labels: classes.map(labelOf) });
}

/** Writes a model's weights as the file of its network, classes in SpeechRec's order. */
export async function saveWeights(name: NetworkName, model: Model): Promise<void> {
  const { weights } = networks[name];
  const tensors = stateDictOf(withLabels(model, classes.map(labelOf)), weights);
  await writeFileSafely(weights, writeStateDict(tensors, basename(weights, ".pth")));
}

/** The same model with its labels, and what gives their logits, in another order. */
export function withLabels(model: Model, labels: readonly string[]): Model {
  const places = labels.map((label) => model.labels.indexOf(label));
  const parameters = new Map(model.parameters);
  for (const name of ["classifier.kernel", "classifier.bias"]) {
    const values = parameters.get(name) as ParameterData;
    parameters.set(
      name,
      values.map((_, i) => values[i - (i % labels.length) + (places[i % labels.length] as number)] as number),
    );
  }
  return { ...model, labels, parameters };
}

/** Clips of the batch for which thop counted. */
const countedClips = 32;

/**
 * The two figures that every run begins with: trainable parameters, and for a batch of 32 the multiply-accumulates of convolutions and linear
 * layers and two operations for each value that goes through a batch norm (thop 0.0.31).
 */
export function counts(graph: Graph): { readonly parameters: number; readonly operations: number } {
  const normalised = graph.nodes
    .filter(({ op }) => op === "batch_norm")
    .reduce((sum, { outputs }) => sum + sizeOf((outputs[0] as Graph["outputs"][number]["value"]).type.shape), 0);
  return {
    parameters: countParameters(graph, { trainable: true }),
    operations: countedClips * (multiplyAccumulates(graph) + 2 * normalised),
  };
}
