import { invariant } from "../../base/errors.js";
import { type Graph, type Parameter, sizeOf } from "../../graph/types.js";
import type { ForeignTensor } from "../foreign_tensor.js";

/** The weights of a layer by role, as Keras has them. */
export type RoleWeights = ReadonlyMap<string, ForeignTensor>;

/** Parameters of a network that stand together, and what Keras calls them. */
export interface NetworkLayer {
  /** "blocks.0.pointwise". */
  readonly path: string;
  /** Whether Keras has it in a layer with others: both directions of a recurrent layer, the parts of svdf. */
  readonly inner: boolean;
  /** Shapes by role. */
  readonly roles: ReadonlyMap<string, readonly number[]>;
  /** Values of our parameters by name, out of weights of these roles and shapes. */
  place(weights: RoleWeights): [name: string, data: Float32Array][];
}

/** TF's LSTMCell adds this to the forget gate when it runs; ours has it in the bias. */
const forgetOffset = 1;

/** The parameters of a network by layer, in the order of the network. */
export function networkLayers(graph: Graph): NetworkLayer[] {
  const groups = new Map<string, Map<string, Parameter>>();
  for (const parameter of graph.parameters) {
    const dot = parameter.name.lastIndexOf(".");
    const path = parameter.name.slice(0, Math.max(dot, 0));
    const group = groups.get(path) ?? new Map<string, Parameter>();
    groups.set(path, group.set(parameter.name.slice(dot + 1), parameter));
  }
  const paths = new Set(groups.keys());
  return [...groups].map(([path, group]) => ({ ...layerOf(graph, path, group), inner: isInner(path, paths) }));
}

function isInner(path: string, paths: ReadonlySet<string>): boolean {
  const parent = path.slice(0, path.lastIndexOf(".") + 1);
  return parent !== "" && ["forward", "feature"].some((first) => paths.has(`${parent}${first}`));
}

type Placed = Omit<NetworkLayer, "inner">;

function layerOf(graph: Graph, path: string, group: Map<string, Parameter>): Placed {
  if (group.has("recurrent_candidate")) return gruResetBefore(path, group);
  if (group.has("recurrent_kernel") && group.has("recurrent_bias")) return gruResetAfter(path, group);
  if (group.has("projection") || group.has("peephole_input")) return lstmOfTensorFlow1(path, group);
  const depthwise = graph.nodes.some(({ op, inputs }) => op === "depthwise_conv2d" && inputs[1] === group.get("kernel")?.value);
  return plain(path, group, depthwise ? { kernel: "depthwise_kernel" } : isNorm(group) ? moving : {});
}

const moving = { mean: "moving_mean", variance: "moving_variance" };

const isNorm = (group: Map<string, Parameter>): boolean => group.has("mean") && group.has("variance");

/** A layer whose weights lie in the file as they lie here. */
function plain(path: string, group: Map<string, Parameter>, names: Readonly<Record<string, string>>): Placed {
  const entries = [...group].map(([key, { name, value }]) => ({ role: names[key] ?? key, name, shape: value.type.shape }));
  return {
    path,
    roles: new Map(entries.map(({ role, shape }) => [role, shape])),
    place: (weights) => entries.map(({ role, name }) => [name, take(weights, role)]),
  };
}

function take(weights: RoleWeights, role: string): Float32Array {
  const found = weights.get(role);
  invariant(found, `a layer without ${role}`);
  return found.data;
}

function shapeOf(group: Map<string, Parameter>, key: string): readonly number[] {
  const found = group.get(key);
  invariant(found, `a layer without ${key}`);
  return found.value.type.shape;
}

/** Keras with reset_after: one table of both biases. Gates are in the order z, r, h in both. */
function gruResetAfter(path: string, group: Map<string, Parameter>): Placed {
  const width = sizeOf(shapeOf(group, "bias"));
  return {
    path,
    roles: new Map([
      ["kernel", shapeOf(group, "kernel")],
      ["recurrent_kernel", shapeOf(group, "recurrent_kernel")],
      ["bias", [2, width]],
    ]),
    place: (weights) => [
      [`${path}.kernel`, take(weights, "kernel")],
      [`${path}.recurrent_kernel`, take(weights, "recurrent_kernel")],
      [`${path}.bias`, take(weights, "bias").slice(0, width)],
      [`${path}.recurrent_bias`, take(weights, "bias").slice(width)],
    ],
  };
}

function gruResetBefore(path: string, group: Map<string, Parameter>): Placed {
  const [units] = shapeOf(group, "recurrent_candidate") as [number];
  return {
    path,
    roles: new Map([
      ["kernel", shapeOf(group, "kernel")],
      ["recurrent_kernel", [units, 3 * units]],
      ["bias", shapeOf(group, "bias")],
    ]),
    place: (weights) => {
      const recurrent = { shape: [units, 3 * units], data: take(weights, "recurrent_kernel") };
      return [
        [`${path}.kernel`, take(weights, "kernel")],
        [`${path}.recurrent_kernel`, part(recurrent, [0, units], [[0, 2 * units]])],
        [`${path}.recurrent_candidate`, part(recurrent, [0, units], [[2 * units, 3 * units]])],
        [`${path}.bias`, take(weights, "bias")],
      ];
    },
  };
}

/** tf.nn.rnn_cell.LSTMCell: one kernel over input and output, gates in the order i, j, f, o. */
function lstmOfTensorFlow1(path: string, group: Map<string, Parameter>): Placed {
  const [inputs, width] = shapeOf(group, "kernel") as [number, number];
  const [outputs] = shapeOf(group, "recurrent_kernel") as [number];
  const roles = new Map<string, readonly number[]>([
    ["kernel", [inputs + outputs, width]],
    ["bias", [width]],
  ]);
  const others = {
    peephole_input: "w_i_diag",
    peephole_forget: "w_f_diag",
    peephole_output: "w_o_diag",
    projection: "proj_kernel",
  };
  const present = Object.entries(others).filter(([key]) => group.has(key));
  for (const [key, role] of present) roles.set(role, shapeOf(group, key));
  return {
    path,
    roles,
    place: (weights) => [
      ...jointLstm(
        path,
        { shape: [inputs + outputs, width], data: take(weights, "kernel") },
        take(weights, "bias"),
        inputs,
        forgetOffset,
      ),
      ...present.map(([key, role]): [string, Float32Array] => [`${path}.${key}`, take(weights, role)]),
    ],
  };
}

/**
 * Our kernel, recurrent kernel and bias (gates i, f, c, o) from TensorFlow 1's joint kernel and bias (gates i, j, f, o).
 * @param inputs rows of the kernel that are multiplied with the input
 * @param forgetOffset what is added to the forget gate at run time
 */
export function jointLstm(
  path: string,
  kernel: ForeignTensor,
  bias: Float32Array,
  inputs: number,
  forgetOffset: number,
): [string, Float32Array][] {
  const [rows, width] = kernel.shape as [number, number];
  const units = width / 4;
  const gate = (i: number): [number, number] => [i * units, (i + 1) * units];
  const order = [gate(0), gate(2), gate(1), gate(3)];
  const offsets = part({ shape: [1, width], data: bias }, [0, 1], order);
  for (let i = units; i < 2 * units; i++) offsets[i] = (offsets[i] as number) + forgetOffset;
  return [
    [`${path}.kernel`, part(kernel, [0, inputs], order)],
    [`${path}.recurrent_kernel`, part(kernel, [inputs, rows], order)],
    [`${path}.bias`, offsets],
  ];
}

/** Rows from..to of a matrix, of each the columns of these ranges one behind the other. */
export function part(
  { shape, data }: ForeignTensor,
  [from, to]: readonly [number, number],
  columns: readonly (readonly [number, number])[],
): Float32Array {
  const stride = shape[1] as number;
  const width = columns.reduce((sum, [start, end]) => sum + end - start, 0);
  const out = new Float32Array((to - from) * width);
  let at = 0;
  for (let row = from; row < to; row++)
    for (const [start, end] of columns) {
      out.set(data.subarray(row * stride + start, row * stride + end), at);
      at += end - start;
    }
  return out;
}
