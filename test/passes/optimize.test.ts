import { expect, test } from "vitest";
import type { Graph } from "../../src/graph/types.js";
import { retype } from "../../src/graph/retype.js";
import { optimize } from "../../src/passes/optimize.js";
import { differentiatedStep } from "../../src/train/step.js";
import { buildModel, findModel, zooModels } from "../../src/zoo/index.js";

const batched = ["features", "targets", "weights"];

/** Nodes with those of cells, which may be taken out of them. */
const countNodes = (graph: Graph): number =>
  graph.nodes.reduce((sum, node) => sum + 1 + (node.body ? countNodes(node.body) : 0), 0);

// optimize verifies what every pass gives.
for (const { name } of zooModels)
  test(`every pass over the training step of ${name} gives a graph`, () => {
    const { frames, features } = findModel(name).published.shape;
    const model = buildModel(name, {}, { frames, features, labels: 12 });
    const typed = retype(model, { inputs: { features: [20, frames, features] } });
    const step = differentiatedStep(typed, { optimizer: { kind: "sgd", momentum: 0 } });
    expect(optimize(step, { batched }).nodes.length).toBeLessThan(countNodes(step));
  });
