import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import type { Graph } from "../../src/graph/types.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { buildTrainingStep } from "../../src/train/step.js";
import { buildModel } from "../../src/zoo/index.js";
import { publishedTraining } from "../../src/zoo/recipes/index.js";
// @ts-expect-error: a tool without types
import { inDouble, taskOf, tensorsOf } from "../../tools/prove/twin/folder.mjs";

interface PlainNode {
  op: string;
  inputs: number[];
  outputs: number[];
  shapes: number[][];
  attributes: Record<string, unknown>;
  body?: PlainGraph;
}

interface PlainGraph {
  inputs: { name: string; value: number }[];
  parameters: { name: string; value: number; trainable: boolean }[];
  states: { name: string; value: number; shape: number[] }[];
  nodes: PlainNode[];
  outputs: { name: string; value: number }[];
  nexts: { name: string; value: number }[];
}

interface Task {
  graph: PlainGraph;
  logits: number;
  shapes: number[][];
  recipe: Record<string, unknown>;
}

/** What compare.py reads of a published training. */
function taskFor(name: string, options: object = {}, batch = 3): { task: Task; graph: Graph } {
  const published = publishedTraining(name).recipe;
  const data = [{ kind: "sounds" as const, path: "data" }];
  const recipe = parseRecipe({ ...published, batch, data }, name);
  const shape = { frames: 49, features: 32, labels: 5 };
  const clip = buildModel(recipe.model.name, { ...recipe.model.options, ...options }, shape);
  const graph = retype(clip, { inputs: { features: [batch, 49, 32] } });
  return { task: JSON.parse(JSON.stringify(taskOf(graph, recipe, null))) as Task, graph };
}

/** Every value is there before it is used, and a node says the shapes of all that it gives. */
function expectWhole(graph: PlainGraph): void {
  const known = new Set([...graph.inputs, ...graph.parameters, ...graph.states].map(({ value }) => value));
  for (const { inputs, outputs, shapes, body } of graph.nodes) {
    for (const value of inputs) expect(known).toContain(value);
    expect(shapes).toHaveLength(outputs.length);
    for (const value of outputs) {
      expect(known).not.toContain(value);
      known.add(value);
    }
    if (body) expectWhole(body);
  }
  for (const { value } of [...graph.outputs, ...graph.nexts]) expect(known).toContain(value);
}

describe("the folder that prove:twins hands to PyTorch", () => {
  it("has a convolutional network whole, with its statistics, masks and the recipe's loss and rates", () => {
    const { task, graph } = taskFor("mlperf_tiny_kws");
    expectWhole(task.graph);
    expect(task.graph.nodes.map(({ op, attributes }) => ({ op, attributes }))).toEqual(
      graph.nodes.map(({ op, attributes }) => ({ op, attributes: JSON.parse(JSON.stringify(attributes)) as unknown })),
    );
    expect(task.graph.nodes.filter(({ op }) => op === "dropout").map(({ attributes }) => attributes.rate)).toEqual([0.2, 0.4]);
    expect(task.graph.parameters.filter(({ trainable }) => !trainable)).toHaveLength(2 * 9);
    expect(task.shapes).toEqual([[3, 49, 32], [3, 5], [3]]);
    expect(task.graph.outputs[task.logits]?.name).toBe("logits");
    expect(task.recipe).toMatchObject({ l2: 1e-4, labelSmoothing: 0, optimizer: { kind: "adam", epsilon: 1e-7 }, steps: 30816 });
  });

  it("has the cells of a recurrent network, the states that it goes on from, and what becomes sparse", () => {
    const { task } = taskFor("fastgrnn_paper_q_12", { stateful: true });
    expectWhole(task.graph);
    const [scan] = task.graph.nodes.filter(({ op }) => op === "scan");
    expect(scan?.body?.outputs.length).toBeGreaterThan(0);
    const [state] = task.graph.states;
    expect(state?.shape[0]).toBe(3);
    expect(task.graph.nexts.map(({ name }) => name)).toEqual(task.graph.states.map(({ name }) => name));
    expect(task.recipe).toMatchObject({ sparsity: { w: 0.3, u: 0.3 }, schedule: { kind: "piecewise" } });
  });

  it("has tensors in the shapes of parameters, and slots as lists, as they were when they were taken", () => {
    const { graph } = taskFor("mlperf_tiny_kws");
    const kernel = new Float32Array(64 * 5).fill(2);
    const found = tensorsOf(
      graph,
      new Map<string, Float32Array | Float64Array>([
        ["classifier.kernel", kernel],
        ["optimizer.m.classifier.kernel", new Float64Array(320)],
      ]),
    );
    kernel.fill(3);
    expect(found.get("classifier.kernel")).toEqual({ type: "F32", shape: [64, 5], data: new Float32Array(320).fill(2) });
    expect(found.get("optimizer.m.classifier.kernel")).toMatchObject({ type: "F64", shape: [320] });
  });

  it("has beside it the same training step in double precision, masks too, which WebAssembly computes", async () => {
    // So many that the batch goes through the step in parts.
    const batch = 64;
    const { graph } = taskFor("mlperf_tiny_kws", {}, batch);
    const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonInside: true } as const;
    const single = buildTrainingStep(graph, { optimizer });
    const first = initializeParameters(graph, 0);
    const losses: number[] = [];
    for (const step of [single, inDouble(single) as Graph]) {
      const program = await compile(step, { target: "wasm" });
      for (const [name, values] of first) program.write(name, values);
      program.write(
        "features",
        Float32Array.from({ length: batch * 49 * 32 }, (_, i) => Math.sin(i)),
      );
      program.write(
        "targets",
        Array.from({ length: batch * 5 }, (_, i) => (i % 5 === 2 ? 1 : 0)),
      );
      program.write("weights", new Float32Array(batch).fill(1));
      for (const name of ["learning_rate", "correction1", "correction2"]) program.write(name, [0.001]);
      program.write("seed", [0, 1]);
      program.run();
      losses.push(program.view("loss")[0] as number);
      program.close();
    }
    expect(losses[1]).toBeGreaterThan(0.5);
    expect(losses[0]).not.toBe(losses[1]);
    expect(losses[0]).toBeCloseTo(losses[1] as number, 5);
  });
});
