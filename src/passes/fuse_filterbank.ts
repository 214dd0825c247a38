import { tableValues } from "../graph/ops/table.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { bankTables } from "../kernels/filterbank.js";
import { type SoleUse, soleUses } from "./fuse_power_spectrum.js";

/** The nodes from frames to bands, and what they work on. */
interface Chain {
  readonly frame: Node;
  readonly window: Value;
  readonly power: Node;
  readonly roots: number;
  readonly product: Node;
  readonly bank: Node;
  /** All but the product. */
  readonly inner: readonly Node[];
}

/** The chain that begins with a frame node; `producer` tells which node makes a value. */
function chainOf(frame: Node, soleUse: SoleUse, producer: ReadonlyMap<Value, Node>): Chain | undefined {
  const windowed = soleUse(frame.outputs[0]!, "mul");
  const window = windowed?.inputs.find((value) => value !== frame.outputs[0]);
  const length = frame.outputs[0]!.type.shape[2];
  if (!windowed || !window || window.type.shape.join() !== `${length}`) return undefined;
  const power = soleUse(windowed.outputs[0]!, "power_spectrum");
  if (!power) return undefined;
  const inner = [frame, windowed, power];
  let last = power;
  for (let root = soleUse(last.outputs[0]!, "sqrt"); root; root = soleUse(last.outputs[0]!, "sqrt")) {
    inner.push(root);
    last = root;
  }
  const product = soleUse(last.outputs[0]!, "dense");
  const bank = product?.inputs[0] === last.outputs[0] ? producer.get(product!.inputs[1]!) : undefined;
  if (!product || bank?.op !== "table") return undefined;
  return { frame, window, power, roots: inner.length - 3, product, bank, inner };
}

/** Whether the bank's bins belong to two neighbouring bands at most. */
function isBank({ bank }: Chain): boolean {
  const [bins, bands] = bank.outputs[0]!.type.shape;
  return (
    bank.attributes.bands === bands &&
    bank.attributes.bins === bins &&
    bankTables(tableValues(bank.attributes), bins!, bands!) !== undefined
  );
}

/**
 * Makes filterbank of frame, window, power_spectrum, roots and a product with a table of triangles: neither frames nor spectra are ever
 * written, and of the table only what is not zero is multiplied. To be run after autodiff and fusePowerSpectrum: filterbank has no gradient.
 */
export function fuseFilterbank(graph: Graph): Graph {
  const soleUse = soleUses(graph);
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)));
  const dropped = new Set<Node>();
  const made = new Map<Node, Node>();
  for (const node of graph.nodes) {
    const chain = node.op === "frame" ? chainOf(node, soleUse, producer) : undefined;
    if (!chain || !isBank(chain)) continue;
    const { frame, window, power, roots, product, bank, inner } = chain;
    const attributes = {
      points: power.attributes.length!,
      hop: frame.attributes.hop!,
      roots,
      bank: JSON.stringify(bank.attributes),
    };
    made.set(product, { op: "filterbank", inputs: [frame.inputs[0]!, window], outputs: product.outputs, attributes });
    for (const inside of inner) dropped.add(inside);
  }
  if (made.size === 0) return graph;
  return { ...graph, nodes: graph.nodes.filter((n) => !dropped.has(n)).map((n) => made.get(n) ?? n) };
}
