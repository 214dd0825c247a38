import { hashText, RandomStream } from "../../src/base/random.js";
import type { Model } from "../../src/formats/model.js";
import { buildFrontend, type FrontendDescription } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import type { Graph } from "../../src/graph/types.js";
import { buildModel } from "../../src/zoo/index.js";

const labels = ["_silence_", "_unknown_", "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];

/** First values, with means, variances, biases and scales that are not 0 and 1, as after training. */
export function livelyParameters(graph: Graph, seed: number): Map<string, Float32Array> {
  const values = initializeParameters(graph, seed);
  for (const { name, initializer } of graph.parameters) {
    const random = new RandomStream(seed, 7, hashText(name));
    const data = values.get(name) as Float32Array;
    if (initializer.kind === "ones")
      values.set(
        name,
        data.map(() => random.between(0.5, 2)),
      );
    if (initializer.kind === "zeros")
      values.set(
        name,
        data.map(() => random.between(-0.3, 0.3)),
      );
  }
  return values;
}

/** A model of the zoo with lively random weights, over a front end of that name or description. */
export function randomModel(name: string, frontend: string | FrontendDescription, options: Record<string, unknown> = {}): Model {
  const description = typeof frontend === "string" ? frontendPreset(frontend) : frontend;
  const graph = buildFrontend(description, { samples: 16000, rate: 16000 });
  const [, frames, features] = graph.outputs[0].value.type.shape;
  const network = buildModel(name, options, { frames, features, labels: labels.length });
  return {
    graph: network,
    frontend: graph,
    frontendDescription: description,
    labels,
    parameters: livelyParameters(network, 3),
    training: { recipe: { rate: 16000 } },
    licence: "Apache-2.0",
  };
}
