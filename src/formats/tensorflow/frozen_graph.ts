import { FormatError } from "../../base/errors.js";
import type { ConstantTensor, GraphNode } from "./graph_def.js";

/** References that are followed in all; a network has some hundreds. */
const mostSteps = 1 << 16;

/** An output of a node. */
export interface Source {
  readonly node: GraphNode;
  readonly output: number;
}

/** A frozen graph that is followed from its results to its inputs. */
export class FrozenGraph {
  readonly file: string;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  #steps = 0;

  constructor(nodes: ReadonlyMap<string, GraphNode>, file: string) {
    this.nodes = nodes;
    this.file = file;
  }

  refuse(node: GraphNode | string, found: string, remedy = "only networks of the zoo can be imported"): never {
    const place = typeof node === "string" ? node : `node ${node.name.slice(0, 120)} (${node.op.slice(0, 60)})`;
    throw new FormatError(this.file, place, found, remedy);
  }

  /** What an input comes from, behind nodes that only hand it on: Identity, and Enter into a loop. */
  source(node: GraphNode, index: number): Source {
    const reference = node.inputs.filter((input) => !input.startsWith("^"))[index];
    if (reference === undefined) return this.refuse(node, `has no input ${index}`, "the file is damaged: take another copy");
    for (let found = this.named(reference); ; found = this.named(found.node.inputs[0] ?? "")) {
      if (found.node.op !== "Identity" && found.node.op !== "Enter") return found;
    }
  }

  /** The node's output that a reference "name:1" means. */
  named(reference: string): Source {
    if (++this.#steps > mostSteps) this.refuse("nodes", `more than ${mostSteps} steps: they lead round in a circle`);
    const [, name = reference, digits = "0"] = /^(.*?)(?::(\d{1,9}))?$/s.exec(reference) ?? [];
    const node = this.nodes.get(name);
    if (!node) return this.refuse(`node ${name.slice(0, 120)}`, "is missing", "the file is damaged: take another copy");
    return { node, output: Number(digits) };
  }

  /** The constant of a node, or undefined where it is none. */
  constant({ node }: Source): ConstantTensor | undefined {
    const value = node.op === "Const" ? node.attributes.get("value") : undefined;
    return typeof value === "object" && "data" in value ? value : undefined;
  }

  /** The constant floats of an input. */
  weights(node: GraphNode, index: number, rank: number): { shape: readonly number[]; data: Float32Array } {
    const from = this.source(node, index);
    const value = this.constant(from);
    if (!value || !(value.data instanceof Float32Array)) return this.refuse(node, `input ${index} is not a table of weights`);
    if (value.shape.length !== rank)
      return this.refuse(node, `weights of shape [${value.shape.join(",")}] where ${rank} sizes are expected`);
    return { shape: value.shape, data: value.data };
  }

  /** A number among the attributes. */
  number(node: GraphNode, key: string): number {
    const value = node.attributes.get(key);
    return typeof value === "number" ? value : this.refuse(node, `attribute ${key} is missing`);
  }
}
