import { RandomStream } from "../../dist/base/random.js";
import { compile } from "../../dist/engine/compile.js";
import { countParameters, multiplyAccumulates } from "../../dist/graph/count.js";
import { initializeParameters } from "../../dist/graph/initialize.js";
import { retype } from "../../dist/graph/retype.js";
import { buildTrainingStep } from "../../dist/train/step.js";
import { buildModel, findModel } from "../../dist/zoo/index.js";
import { publishedRecipe } from "../../dist/zoo/recipes/index.js";

/** As in bench_torch_networks.py: Hello Edge trains no gamma. */
const options = { ds_cnn_s: { gamma: false }, ds_cnn_l: { gamma: false } };
const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** A network's training step for a batch of its published training: {graph, model, batch, frames, features, labels, flops, parameters}. */
export function stepOf(network) {
  const { frames, features, labels } = findModel(network).published.shape;
  const { batch } = publishedRecipe(network);
  const model = buildModel(network, options[network] ?? {}, { frames, features, labels });
  const typed = retype(model, { inputs: { features: [batch, frames, features] } });
  const graph = buildTrainingStep(typed, { optimizer });
  return {
    graph,
    model,
    batch,
    frames,
    features,
    labels,
    flops: 2 * multiplyAccumulates(graph),
    parameters: countParameters(model, { trainable: true }),
  };
}

/** Compiles the step and gives it parameters and a batch of noise. */
export async function openStep({ graph, model, batch, frames, features, labels }, target, threads, profile = false) {
  const program = await compile(graph, { target, threads, profile, flushesUnderflow: true });
  for (const [name, values] of initializeParameters(model, 1)) program.write(name, values);
  const random = new RandomStream(2);
  program.write(
    "features",
    Float32Array.from({ length: batch * frames * features }, () => random.normal()),
  );
  program.write(
    "targets",
    Float32Array.from({ length: batch * labels }, (_, i) => Number(i % labels === Math.floor(i / labels) % labels)),
  );
  program.write("weights", new Float32Array(batch).fill(1));
  program.write("learning_rate", [0.001]);
  let done = 0;
  return {
    program,
    /** Milliseconds of each of `steps` training steps. */
    time(steps) {
      const times = [];
      for (let i = 0; i < steps; i++) {
        done++;
        const start = performance.now();
        program.write("correction1", [1 - optimizer.beta1 ** done]);
        program.write("correction2", [1 - optimizer.beta2 ** done]);
        program.write("seed", [1, done]);
        program.run();
        times.push(performance.now() - start);
      }
      return times;
    },
    loss: () => program.read("loss")[0],
  };
}
