import { hashText, RandomStream } from "../../dist/base/random.js";
import { initializeParameters } from "../../dist/graph/initialize.js";

/** First values, with means, variances, biases and factors that are not 0 and 1, as after training. */
export function drawnWeights(graph) {
  const values = initializeParameters(graph, 3);
  for (const { name, initializer } of graph.parameters) {
    const random = new RandomStream(3, 7, hashText(name));
    const [low, high] = initializer.kind === "ones" ? [0.5, 1.5] : initializer.kind === "zeros" ? [-0.3, 0.3] : [];
    if (low !== undefined)
      values.set(
        name,
        values.get(name).map(() => random.between(low, high)),
      );
  }
  return values;
}
