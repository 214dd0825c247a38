import { writeModel } from "../formats/model_file.js";
import { buildFrontend, oneSecond } from "../frontend/frontend.js";
import { sizeOf, type Graph } from "../graph/types.js";
import { buildModel, type ZooModel, zooModels } from "../zoo/index.js";
import { helloEdgeCost, profile } from "./profile.js";

const head = [
  "Model",
  "Input",
  "Parameters",
  "trainable",
  "published",
  "Multiply-accumulates",
  "FLOPs",
  "Model file (bytes, f32)",
  "Activations, largest pair (bytes, f32)",
  "Memory (KB)",
  "published",
  "Operations",
  "published",
  "Accuracy published (%)",
];

/**
 * The zoo's parameters, multiply-accumulates and sizes beside the published figures, as a Markdown table. FLOPs: two for each
 * multiply-accumulate. Memory and operations are counted as Hello Edge counts them, for its models.
 */
export function zooTable(models: readonly ZooModel[] = zooModels): string {
  const rows = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...models.map(row)];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function row(model: ZooModel): string[] {
  const graph = buildModel(model.name, {}, model.shape);
  const cost = profile(graph);
  const { published } = model;
  const helloEdge = published.memory === undefined ? undefined : helloEdgeCost(graph);
  return [
    model.name,
    `${model.shape.frames} x ${model.shape.features}`,
    grouped(cost.parameters),
    grouped(cost.trainable),
    published.parameters ?? "",
    grouped(cost.multiplyAccumulates),
    shortCount(2 * cost.multiplyAccumulates),
    grouped(fileBytes(graph, model)),
    grouped(cost.largestPairBytes),
    helloEdge ? (helloEdge.memory / 1000).toFixed(1) : "",
    published.memory ?? "",
    helloEdge ? shortCount(helloEdge.operations) : "",
    published.operations ?? "",
    published.accuracy,
  ];
}

/** Size of the model file before a training has added its summary: weights, network, front end. */
function fileBytes(graph: Graph, { frontend: frontendDescription, shape, samples = oneSecond.samples }: ZooModel): number {
  const frontend = buildFrontend(frontendDescription, { samples, rate: oneSecond.rate });
  const labels = Array.from({ length: shape.labels }, (_, i) => `label ${i}`);
  const parameters = new Map(graph.parameters.map(({ name, value }) => [name, new Float32Array(sizeOf(value.type.shape))]));
  return writeModel({ graph, frontend, frontendDescription, labels, parameters, training: {}, licence: "" }).length;
}

/** "2,656,768". */
function grouped(n: number): string {
  return n.toLocaleString("en-US");
}

/** "158.8 K" below a million, "5.4 M" from there on. */
export function shortCount(n: number): string {
  return n < 1e6 ? `${(n / 1e3).toFixed(1)} K` : `${(n / 1e6).toFixed(1)} M`;
}
