import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type Parameter, tensor, type Value } from "../graph/types.js";
import { differentiate } from "../passes/autodiff.js";
import { optimize } from "../passes/optimize.js";
import { padWithin } from "../passes/pad_within.js";
import { sliceEarly } from "../passes/slice_early.js";
import { trainingForm } from "../passes/training.js";
import { type Optimizer, update } from "./optimizer.js";

export interface StepOptions {
  readonly optimizer: Optimizer;
  /** Share of the target spread evenly over all labels. */
  readonly labelSmoothing?: number;
  /** Added to the loss: l2 * sum of squares of every kernel (parameters of two axes or more), as Keras. Not part of the reported loss. */
  readonly l2?: number;
  /** Parameters that l2 is about, or all that learn; every kernel where missing. */
  readonly l2Parameters?: readonly string[] | "all" | undefined;
  /** Largest norm of all gradients together; 0 or absent: no limit. */
  readonly clipNorm?: number;
  /** Parameters that learn at `learning_rate`; where given, the others learn at a rate of their own, the input body_rate [1]. */
  readonly head?: ReadonlySet<string> | undefined;
  /** Whether all but the head stays as it is, the statistics of its batch norms too; there is no body_rate then. */
  readonly frozenBody?: boolean;
  /** Whether the batch goes through the step in parts that fit a core's cache; default true. */
  readonly tile?: boolean;
}

/** Mean over the batch of weight * cross-entropy with smoothed targets, and the number of examples whose largest score is the target's. */
function lossOf(
  g: GraphBuilder,
  logits: Value,
  targets: Value,
  weights: Value,
  smoothing: number,
): { loss: Value; correct: Value } {
  const [batch, labels] = logits.type.shape as [number, number];
  const smoothed = smoothing > 0 ? g.op("affine", [targets], { scale: 1 - smoothing, offset: smoothing / labels }) : targets;
  const each = g.op("sum", [g.op("mul", [smoothed, g.op("log_softmax", [logits])])], { axes: [1], keep: false });
  const total = g.op("sum", [g.op("mul", [each, weights])], { axes: [0], keep: false });
  const loss = g.op("reshape", [g.op("affine", [total], { scale: -1 / batch, offset: 0 })], { shape: [1] });
  const largest = g.op("max", [logits], { axes: [1], keep: true });
  const hits = g.op("affine", [g.op("greater", [largest, logits])], { scale: -1, offset: 1 });
  const correct = g.op("sum", [g.op("mul", [hits, targets])], { axes: [0, 1], keep: false });
  return { loss, correct: g.op("reshape", [correct], { shape: [1] }) };
}

function isDecayed({ name, value }: Parameter, chosen: StepOptions["l2Parameters"]): boolean {
  return chosen === "all" || (chosen?.includes(name) ?? value.type.shape.length >= 2);
}

function clipped(g: GraphBuilder, gradients: Map<string, Value>, limit: number): void {
  let total: Value | undefined;
  for (const gradient of gradients.values()) {
    const axes = gradient.type.shape.map((_, i) => i);
    const square = g.op("sum", [g.op("square", [gradient])], { axes, keep: false });
    total = total ? g.op("add", [total, square]) : square;
  }
  if (!total) return;
  const norm = g.op("reshape", [g.op("sqrt", [total])], { shape: [1] });
  // limit / max(norm, limit), as tf.clip_by_global_norm
  const scaled = g.op("clamp", [norm], { low: limit, high: 3e38 });
  const factor = g.op("affine", [g.op("div", [scaled, g.op("square", [scaled])])], { scale: limit, offset: 0 });
  for (const [name, gradient] of gradients) gradients.set(name, g.op("mul", [gradient, factor]));
}

/**
 * One training step as one graph: forward, loss, backward, update. `model` is typed for the batch.
 * Inputs: features, targets [B, labels] (one-hot), weights [B], learning_rate [1], correction1 and correction2 [1]
 * (1 - beta^t, see optimizer.ts), seed i32[2] (seed, step), body_rate [1] where there is a head and the body is not frozen. Parameters, buffers and optimizer slots are states under their
 * names. Outputs: loss [1], correct [1].
 */
export function buildTrainingStep(model: Graph, options: StepOptions): Graph {
  const batched = [...model.inputs.map((i) => i.name), "targets", "weights"];
  // Before the gradient is taken: what it needs of a value that is cut apart, it then needs of the parts.
  return optimize(
    differentiatedStep(padWithin(sliceEarly(model, wholeInTraining)), options),
    options.tile === false ? undefined : { batched },
  );
}

/** What training makes something else of: moments of the whole map, which move its buffers, and a mask. */
const wholeInTraining: ReadonlySet<string> = new Set(["batch_norm", "dropout"]);

/** The training step as differentiation leaves it, before the passes that make it fast. */
export function differentiatedStep(model: Graph, options: StepOptions): Graph {
  const g = new GraphBuilder(`${model.name}_training_step`);
  const map = new Map<Value, Value>();
  for (const { name, value } of model.inputs) map.set(value, g.input(name, value.type));
  const logitsType = model.outputs.find((o) => o.name === "logits")!.value.type;
  const [batch] = logitsType.shape as [number];
  const { dtype } = logitsType;
  const targets = g.input("targets", tensor(dtype, logitsType.shape));
  const weights = g.input("weights", tensor(dtype, [batch]));
  const rate = g.input("learning_rate", tensor(dtype, [1]));
  const frozen = options.frozenBody === true ? model.parameters.filter(({ name }) => options.head?.has(name) === false) : [];
  const bodyRate = options.head === undefined || options.frozenBody === true ? rate : g.input("body_rate", tensor(dtype, [1]));
  const corrections = [g.input("correction1", tensor(dtype, [1])), g.input("correction2", tensor(dtype, [1]))] as const;
  const seed = g.input("seed", tensor("i32", [2]));
  for (const p of model.parameters) map.set(p.value, g.state(p.name, p.value.type));
  for (const s of model.states) map.set(s.input, g.state(s.name, s.input.type));

  const buffers = trainingForm(g, model, map, seed, new Set(frozen.map(({ value }) => value)));
  const logits = map.get(model.outputs.find((o) => o.name === "logits")!.value)!;
  const { loss, correct } = lossOf(g, logits, targets, weights, options.labelSmoothing ?? 0);
  g.output("loss", loss);
  g.output("correct", correct);

  const trainable = model.parameters.filter((p) => p.trainable && !frozen.includes(p));
  const wanted = trainable.map((p) => map.get(p.value)!);
  const one = g.op("affine", [g.op("zeros", [loss], { shape: [1] })], { scale: 1, offset: 1 });
  const found = differentiate(g, { nodes: [...g.nodes], seeds: new Map([[loss, one]]), wanted });
  const gradients = new Map<string, Value>();
  for (const p of trainable) {
    const value = map.get(p.value)!;
    let gradient = found.get(value);
    if (!gradient) continue;
    if (options.l2 && isDecayed(p, options.l2Parameters))
      gradient = g.op("add", [gradient, g.op("affine", [value], { scale: 2 * options.l2, offset: 0 })]);
    gradients.set(p.name, gradient);
  }
  if (options.clipNorm) clipped(g, gradients, options.clipNorm);
  for (const p of model.parameters) {
    const value = map.get(p.value)!;
    const gradient = gradients.get(p.name);
    g.setState(
      value,
      gradient
        ? update(
            g,
            options.optimizer,
            p.name,
            value,
            gradient,
            options.head?.has(p.name) === false ? bodyRate : rate,
            corrections,
          )
        : (buffers.get(value) ?? value),
    );
  }
  for (const s of model.states) g.setState(map.get(s.input)!, map.get(s.output)!);
  return g.finish();
}
