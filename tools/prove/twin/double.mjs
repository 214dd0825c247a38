// A training step of earshot's in double precision: the graph that is trained, after all passes, with every f32 an f64.
import { compile } from "../../../dist/engine/compile.js";
import { retype } from "../../../dist/graph/retype.js";
import { biasCorrections } from "../../../dist/train/optimizer.js";
import { Sparsifier } from "../../../dist/train/sparsify.js";
import { buildTrainingStep } from "../../../dist/train/step.js";
import { inDouble } from "./folder.mjs";

/** What src/train/trainer.ts does, in double precision. */
export class DoubleTrainer {
  #program;
  #recipe;
  #states;
  #names;
  #kept;
  #sparsifier;

  static async open(graph, recipe, first, target) {
    const { batch, optimizer, labelSmoothing, l2, l2Parameters, clipNorm } = recipe;
    const [frames, bins] = graph.inputs[0].value.type.shape.slice(1);
    const typed = retype(graph, { inputs: { features: [batch, frames, bins] } });
    const step = inDouble(buildTrainingStep(typed, { optimizer, labelSmoothing, l2, l2Parameters, clipNorm }));
    return new DoubleTrainer(await compile(step, { target, threads: 1 }), step, graph, recipe, first);
  }

  constructor(program, step, graph, recipe, first) {
    this.#program = program;
    this.#recipe = recipe;
    this.#states = graph.states.map(({ name }) => name);
    this.#names = step.states.map(({ name }) => name).filter((name) => !this.#states.includes(name));
    for (const name of this.#names) program.view(name).fill(0);
    for (const [name, values] of first) program.write(name, values);
    this.#kept = new Map(this.#states.map((name) => [name, new Float64Array(program.view(name).length)]));
    const weights = graph.parameters.map(({ name }) => [name, program.view(name)]);
    this.#sparsifier = recipe.sparsity && new Sparsifier(weights, recipe.sparsity, recipe.steps);
  }

  /** One step; gives the loss. `begin`: how a rolling training's states go on. */
  step({ features, targets, weights }, rate, step, begin) {
    const program = this.#program;
    const { optimizer, batch, seed } = this.#recipe;
    const [correction1, correction2] = biasCorrections(optimizer, step);
    const inputs = { features, targets, weights, learning_rate: [rate], correction1: [correction1], correction2: [correction2] };
    for (const [name, values] of Object.entries(inputs)) program.write(name, values);
    program.write("seed", [seed | 0, step]);
    for (const [name, kept] of this.#kept) {
      if (begin?.empty) kept.fill(0);
      program.write(name, kept);
    }
    this.#sparsifier?.before(step);
    program.run();
    this.#sparsifier?.after(step);
    if (begin)
      for (const [example, place] of begin.moves)
        for (const [name, kept] of this.#kept) {
          const width = kept.length / batch;
          kept.set(program.view(name).subarray(example * width, (example + 1) * width), place * width);
        }
    return program.view("loss")[0];
  }

  /** Parameters, buffers and slots. */
  tensors() {
    return new Map(this.#names.map((name) => [name, this.#program.view(name)]));
  }

  close() {
    this.#program.close();
  }
}
