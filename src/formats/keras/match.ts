import { FormatError } from "../../base/errors.js";
import type { Graph } from "../../graph/types.js";
import { shapeText } from "../foreign_tensor.js";
import type { ForeignLayer } from "./foreign_layer.js";
import { type NetworkLayer, networkLayers } from "./network_layers.js";

/** Most names that a message lists of each kind. */
const mostListed = 4;

/**
 * Values of a network's parameters from the layers of a file. The layers of a chain stand in the same order in both. Where a network has
 * branches, Keras counts layers from the output backwards, so layers of the same weights are paired by the numbers of their made-up
 * names, which tell in what order they were written down, and for want of those by their order.
 * @param layers in the order of the file
 * @throws FormatError naming what is missing, what is left over and what has another shape
 */
export function matchLayers(
  graph: Graph,
  layers: readonly ForeignLayer[],
  file: string,
  network: string,
): Map<string, Float32Array> {
  const wanted = networkLayers(graph);
  const pairs = inOrder(wanted, layers) ?? byWeights(wanted, layers);
  if (pairs === undefined)
    throw new FormatError(
      file,
      `network ${network}`,
      differences(wanted, layers),
      "give the network and options that it was made with (--network, --option)",
    );
  return new Map(pairs.flatMap(([layer, { weights }]) => layer.place(weights)));
}

/** Whether a file's layers are those of a network. */
export function fits(graph: Graph, layers: readonly ForeignLayer[]): boolean {
  const wanted = networkLayers(graph);
  return (inOrder(wanted, layers) ?? byWeights(wanted, layers)) !== undefined;
}

type Pair = readonly [NetworkLayer, ForeignLayer];

/** What must be equal: roles and shapes, whose sizes of 1 do not matter: a convolution of one place is a fully connected layer. */
function signature(shapes: Iterable<readonly [string, readonly number[]]>): string {
  return [...shapes]
    .map(([role, shape]) => `${role}${shapeText(shape.filter((n) => n !== 1))}`)
    .toSorted()
    .join(" ");
}

const ofForeign = ({ weights, inner }: ForeignLayer): string =>
  `${inner === true ? "inside a layer: " : ""}${signature([...weights].map(([role, { shape }]) => [role, shape]))}`;
const ofWanted = ({ roles, inner }: NetworkLayer): string => `${inner ? "inside a layer: " : ""}${signature(roles)}`;

function inOrder(wanted: readonly NetworkLayer[], layers: readonly ForeignLayer[]): Pair[] | undefined {
  if (wanted.length !== layers.length) return undefined;
  const pairs = wanted.map((layer, i): Pair => [layer, layers[i] as ForeignLayer]);
  return pairs.every(([ours, theirs]) => ofWanted(ours) === ofForeign(theirs)) ? pairs : undefined;
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function byWeights(wanted: readonly NetworkLayer[], layers: readonly ForeignLayer[]): Pair[] | undefined {
  if (wanted.length !== layers.length) return undefined;
  const theirs = grouped(layers, ofForeign);
  const pairs: Pair[] = [];
  for (const [key, ours] of grouped(wanted, ofWanted)) {
    const found = asWritten(theirs.get(key) ?? []);
    if (found.length !== ours.length) return undefined;
    ours.forEach((layer, i) => pairs.push([layer, found[i] as ForeignLayer]));
  }
  return pairs;
}

/** In the order in which they were made, where all were named by number. */
function asWritten(layers: readonly ForeignLayer[]): readonly ForeignLayer[] {
  const [first] = layers;
  if (!layers.every(({ made }) => made !== undefined && made.kind === first?.made?.kind)) return layers;
  const numbers = new Set(layers.map(({ made }) => made?.number));
  if (numbers.size !== layers.length) return layers;
  return layers.toSorted((a, b) => (a.made?.number ?? 0) - (b.made?.number ?? 0));
}

/** What stops the weights from going into the network, in words. */
function differences(wanted: readonly NetworkLayer[], layers: readonly ForeignLayer[]): string {
  const sameRoles =
    wanted.length === layers.length &&
    wanted.every(
      ({ roles }, i) => signatureOfRoles(roles.keys()) === signatureOfRoles((layers[i] as ForeignLayer).weights.keys()),
    );
  if (sameRoles) return listed(otherShapes(wanted, layers));
  const { missing, extra } = missingAndExtra(wanted, layers);
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`missing in the file: ${listed(missing)}`);
  if (extra.length > 0) parts.push(`without a place in the network: ${listed(extra)}`);
  return parts.join("; ");
}

function listed(names: readonly string[]): string {
  const more = names.length > mostListed ? ` and ${names.length - mostListed} more` : "";
  return names.slice(0, mostListed).join(", ") + more;
}

const signatureOfRoles = (roles: Iterable<string>): string => [...roles].toSorted().join(" ");

function otherShapes(wanted: readonly NetworkLayer[], layers: readonly ForeignLayer[]): string[] {
  return wanted.flatMap(({ path, roles }, i) => {
    const { name, weights } = layers[i] as ForeignLayer;
    return [...roles].flatMap(([role, shape]) => {
      const found = weights.get(role)?.shape ?? [];
      const same = shapeText(found.filter((n) => n !== 1)) === shapeText(shape.filter((n) => n !== 1));
      return same ? [] : [`${name}/${role} is ${shapeText(found)} where ${path}.${role} takes ${shapeText(shape)}`];
    });
  });
}

function missingAndExtra(
  wanted: readonly NetworkLayer[],
  layers: readonly ForeignLayer[],
): { missing: string[]; extra: string[] } {
  const theirs = grouped(layers, ofForeign);
  const ours = grouped(wanted, ofWanted);
  const missing = [...ours].flatMap(([key, group]) =>
    group.slice(theirs.get(key)?.length ?? 0).map(({ path }) => `${path} (${key})`),
  );
  const extra = [...theirs].flatMap(([key, group]) =>
    group.slice(ours.get(key)?.length ?? 0).map(({ name }) => `${name} (${key})`),
  );
  return { missing, extra };
}
