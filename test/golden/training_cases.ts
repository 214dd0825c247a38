import { compile } from "../../src/engine/compile.js";
import type { CompiledProgram, TargetName } from "../../src/engine/program.js";
import { planStretch } from "../../src/corpus/augment/resample.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { biasCorrections, type Optimizer, update } from "../../src/train/optimizer.js";
import { buildTrainingStep } from "../../src/train/step.js";
import type { Difference } from "./op_cases.js";
import { type GoldenCase, relativeDifference, tensorOf } from "./read_golden.js";

const plainDescent: Optimizer = { kind: "sgd", momentum: 0 };

/** A network whose logits are a parameter: its gradient is the one with respect to the logits. */
function logitsModel(shape: readonly number[]): Graph {
  const g = new GraphBuilder("logits");
  const features = g.input("features", tensor("f32", shape));
  g.output("logits", g.op("add", [features, g.parameter("change", shape, { kind: "zeros" })]));
  return g.finish();
}

interface LossCase {
  readonly program: CompiledProgram;
  readonly logits: Float64Array;
}

/** Loss and gradient for weights of the examples; one plain descent by rate 1 leaves the negative gradient in the parameter. */
function lossOf({ program, logits }: LossCase, weights: ArrayLike<number>): { loss: number; gradient: Float64Array } {
  program.write("features", logits);
  program.write("change", new Float32Array(logits.length));
  program.write("weights", weights);
  program.write("learning_rate", [1]);
  program.run();
  return { loss: program.read("loss")[0] as number, gradient: Float64Array.from(program.read("change"), (x) => -x) };
}

/** Weights of the examples that make our mean over the batch what the original computes. */
function exampleWeights(c: GoldenCase, labels: Float64Array): Float64Array {
  const given = c.inputs.get("sampleWeights");
  if (given) return given.values;
  const classWeights = c.inputs.get("classWeights")?.values;
  if (!classWeights) return new Float64Array(labels.length).fill(1);
  const weights = labels.map((label) => classWeights[label] as number);
  // PyTorch divides the weighted mean by the weights' sum, we by the number of examples, as Keras.
  const factor = c.attributes["reduction"] === "none" ? 1 : labels.length / weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w * factor);
}

/** The loss of a training step and its gradient with respect to the logits. */
export async function runLoss(c: GoldenCase, target: TargetName): Promise<Difference> {
  const { shape, values: logits } = tensorOf(c.inputs, "logits");
  const [batch, classes] = shape as [number, number];
  const labels = tensorOf(c.inputs, "labels").values;
  const labelSmoothing = c.attributes["labelSmoothing"] as number;
  const program = await compile(buildTrainingStep(logitsModel(shape), { optimizer: plainDescent, labelSmoothing }), { target });
  const loss: LossCase = { program, logits };
  program.write(
    "targets",
    Float32Array.from({ length: batch * classes }, (_, i) => (labels[Math.floor(i / classes)] === i % classes ? 1 : 0)),
  );
  const weights = exampleWeights(c, labels);
  const upstream = tensorOf(c.upstream, "loss").values;
  const each = c.attributes["reduction"] === "none";
  const losses = each
    ? Array.from(
        weights,
        (weight, i) =>
          lossOf(
            loss,
            weights.map((_, j) => (i === j ? weight * batch : 0)),
          ).loss,
      )
    : [lossOf(loss, weights).loss];
  const seeded = weights.map((weight, i) => weight * (each ? batch * (upstream[i] as number) : (upstream[0] as number)));
  const { gradient } = lossOf(loss, seeded);
  program.close();
  return {
    outputs: relativeDifference(losses, tensorOf(c.outputs, "loss").values),
    gradients: relativeDifference(gradient, tensorOf(c.gradients, "logits").values),
  };
}

type Numbers = Readonly<Record<string, number | undefined>>;

/** The optimizer of a case, from PyTorch's or Keras's names. */
function optimizerOf({ attributes }: GoldenCase): { optimizer: Optimizer; rate: number } {
  const name = attributes["optimizer"] as string;
  const { lr, learning_rate, momentum, eps, epsilon, beta_1, beta_2, weight_decay } = attributes as Numbers;
  const rate = (lr ?? learning_rate) as number;
  const keras = name.startsWith("keras");
  if (name.startsWith("novograd")) {
    const { beta1, beta2, weightDecay } = attributes as { beta1: number; beta2: number; weightDecay: number };
    const gradAveraging = attributes["gradAveraging"] === true;
    return { optimizer: { kind: "novograd", beta1, beta2, epsilon: epsilon as number, weightDecay, gradAveraging }, rate };
  }
  if (name.startsWith("rmsprop")) {
    const decay = (attributes as Numbers)["alpha"] as number;
    const centered = attributes["centered"] === true;
    return { optimizer: { kind: "rmsprop", decay, epsilon: eps as number, momentum: momentum ?? 0, centered }, rate };
  }
  if (name.includes("sgd"))
    return {
      optimizer: {
        kind: "sgd",
        momentum: momentum ?? 0,
        nesterov: attributes["nesterov"] === true,
        rateInVelocity: keras,
      },
      rate,
    };
  const [beta1, beta2] = (attributes["betas"] ?? [beta_1, beta_2]) as [number, number];
  const common = { beta1, beta2, epsilon: (eps ?? epsilon) as number, epsilonInside: keras };
  if (weight_decay === undefined) return { optimizer: { kind: "adam", ...common }, rate };
  return { optimizer: { kind: "adamw", ...common, weightDecay: weight_decay }, rate };
}

/** Five updates of a parameter; its values after each are the outputs. */
export async function runOptimizer(c: GoldenCase, target: TargetName): Promise<Difference> {
  const { optimizer, rate } = optimizerOf(c);
  const rates = c.attributes["rates"] as readonly number[] | undefined;
  const start = tensorOf(c.inputs, "parameter").values;
  const gradients = tensorOf(c.inputs, "gradient").values;
  const n = start.length;
  const g = new GraphBuilder("update");
  // A matrix: weight decay leaves vectors out.
  const type = tensor("f32", [1, n]);
  const parameter = g.state("parameter", type);
  const [learningRate, first, second] = ["learning_rate", "correction1", "correction2"].map((name) =>
    g.input(name, tensor("f32", [1])),
  );
  g.setState(
    parameter,
    update(g, optimizer, "parameter", parameter, g.input("gradient", type), learningRate as Value, [
      first as Value,
      second as Value,
    ]),
  );
  const program = await compile(g.finish(), { target });
  for (const name of program.names) program.view(name).fill(0);
  program.write("parameter", start);
  const path: number[] = [];
  for (let step = 1; step * n <= gradients.length; step++) {
    program.write("gradient", gradients.subarray((step - 1) * n, step * n));
    program.write("learning_rate", [rates?.[step - 1] ?? rate]);
    biasCorrections(optimizer, step).forEach((value, i) => {
      if (program.names.includes(`correction${i + 1}`)) program.write(`correction${i + 1}`, [value]);
    });
    program.run();
    path.push(...program.read("parameter"));
  }
  program.close();
  return { outputs: relativeDifference(path, tensorOf(c.outputs, "parameters").values) };
}

/**
 * A network of two labels with logits (sum(a A) + sum(b B), 0) for given A and B. With a = b = 0, weight 2 and the second label,
 * the gradients of its cross-entropy are A and B themselves.
 */
function linearModel(shapes: ReadonlyMap<string, readonly number[]>): Graph {
  const g = new GraphBuilder("linear");
  let sum: Value | undefined;
  for (const [name, shape] of shapes) {
    const product = g.op("mul", [g.parameter(name, shape, { kind: "zeros" }), g.input(`given ${name}`, tensor("f32", shape))]);
    const all = g.op("reshape", [g.op("sum", [product], { axes: shape.map((_, i) => i), keep: false })], { shape: [1, 1] });
    sum = sum ? g.op("add", [sum, all]) : all;
  }
  g.output("logits", g.op("concat", [sum as Value, g.op("zeros", [sum as Value], { shape: [0, 1] })], { axis: 1 }));
  return g.finish();
}

/** Clipping by the norm of all gradients in a training step. The norm is no output of it: it shows in what is clipped. */
export async function runClipping(c: GoldenCase, target: TargetName): Promise<Difference> {
  const model = linearModel(new Map([...c.inputs].map(([name, { shape }]) => [name, shape])));
  const step = buildTrainingStep(model, { optimizer: plainDescent, clipNorm: c.attributes["maxNorm"] as number });
  const program = await compile(step, { target });
  for (const [name, { values }] of c.inputs) {
    program.write(`given ${name}`, values);
    program.view(name).fill(0);
  }
  program.write("targets", [0, 1]);
  program.write("weights", [2]);
  program.write("learning_rate", [1]);
  program.run();
  const differences = [...c.inputs.keys()].map((name) =>
    relativeDifference(
      program.read(name).map((x) => -x),
      tensorOf(c.outputs, name).values,
    ),
  );
  program.close();
  return { outputs: Math.max(...differences) };
}

/** The resampling augmentation. */
export async function runResize(c: GoldenCase, target: TargetName): Promise<Difference> {
  const wanted = tensorOf(c.outputs, "y").values;
  const { values } = tensorOf(c.inputs, "x");
  const g = new GraphBuilder("resize");
  const inputs = [
    g.input("x", tensor("f32", [1, values.length])),
    g.input("ranges", tensor("i32", [1, 3])),
    g.input("scales", tensor("f32", [1])),
  ];
  g.output("y", g.op("resample_linear", inputs, { samples: wanted.length, coordinates: "legacy" }));
  const program = await compile(g.finish(), { target });
  const { start, end, offset, scale } = planStretch(values.length, wanted.length, c.attributes["factor"] as number);
  program.write("x", values);
  program.write("ranges", [start, end, offset]);
  program.write("scales", [scale]);
  program.run();
  const difference = { outputs: relativeDifference(program.read("y"), wanted) };
  program.close();
  return difference;
}
