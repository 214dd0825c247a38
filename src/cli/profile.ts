import { existsSync } from "node:fs";
import type { Command } from "commander";
import { UsageError, UserError } from "../base/errors.js";
import type { Graph } from "../graph/types.js";
import type { HelloEdgeCost, Profile } from "../measure/profile.js";
import { type CommonOptions, paint, printJson, printNext, printText } from "./output.js";

interface ProfileArguments extends CommonOptions {
  option?: string[];
}

interface Profiled {
  readonly name: string;
  /** "model" for a file, "network" for an architecture with the shape of its publication. */
  readonly kind: "model" | "network";
  readonly graph: Graph;
  /** Whether the network is one of Hello Edge's, which counts costs in its own way. */
  readonly helloEdge: boolean;
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `earshot profile`: what a network costs, by layer and in total. */
export function register(program: Command): void {
  program
    .command("profile")
    .description("Count the parameters, multiply-accumulates and activation bytes (float32) of one clip, by layer and in total.")
    .argument("<model>", "model file, a model that comes with earshot, or a network of the zoo, such as ds_cnn_s")
    .option("--option <name=value>", "option of a network; may be repeated", collect)
    .option("--json", "print one JSON object")
    .action(profileModel);
}

async function profileModel(name: string, options: ProfileArguments): Promise<void> {
  const { helloEdgeCost, profile } = await import("../measure/profile.js");
  const profiled = await find(name, options.option);
  const cost = profile(profiled.graph);
  const helloEdge = profiled.helloEdge ? helloEdgeCost(profiled.graph) : undefined;
  if (options.json === true) {
    const input = profiled.graph.inputs[0].value.type.shape;
    printJson({ name: profiled.name, kind: profiled.kind, input, ...cost, ...(helloEdge ? { helloEdge } : {}) });
    return;
  }
  await print(profiled, cost, helloEdge);
  if (profiled.kind === "network") printNext(`earshot train ${name} --data FOLDER --out runs/first`, options);
}

/** A model file or shipped model; else a network of the zoo. Options build a network of the zoo. */
async function find(name: string, options: readonly string[] | undefined): Promise<Profiled> {
  const { findShippedModel } = await import("../formats/shipped.js");
  const path = existsSync(name) ? name : findShippedModel(name);
  if (path !== undefined && options === undefined) {
    if (path.toLowerCase().endsWith(".tflite")) {
      const { largestTflite, readTflite } = await import("../formats/tflite/read/read.js");
      const { readBounded } = await import("../base/read_file.js");
      const { graph } = readTflite(await readBounded(path, largestTflite, "a model has some megabytes"), path);
      return { name, kind: "model", graph, helloEdge: false };
    }
    const { loadModel } = await import("../formats/model_file.js");
    const { graph, training } = await loadModel(path);
    return { name, kind: "model", graph, helloEdge: await isHelloEdge(training["model"]) };
  }
  if (path !== undefined && /[./\\]/.test(name))
    throw new UsageError("--option is for networks of the zoo; a model file has its options");
  if (path === undefined && /[.\\]/.test(name)) throw new UserError(`${name}: there is no such file`);
  const { buildModel, findModel } = await import("../zoo/index.js");
  const { published } = findModel(name);
  return {
    name,
    kind: "network",
    graph: buildModel(name, optionTable(options ?? []), published.shape),
    helloEdge: published.family === "hello_edge",
  };
}

async function isHelloEdge(network: unknown): Promise<boolean> {
  const { findModel, modelNames } = await import("../zoo/index.js");
  return typeof network === "string" && modelNames().includes(network) && findModel(network).published.family === "hello_edge";
}

function optionTable(items: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    items.map((item) => {
      const [, key, value] = /^([^=]+)=(.*)$/.exec(item) ?? [];
      if (key === undefined) throw new UsageError(`--option ${item}: write name=value`);
      return [key, value as string];
    }),
  );
}

function inputText(frames: number, features: readonly number[]): string {
  return features.length === 0 ? `${frames} features` : `${frames} frames of ${features.join(" x ")} features`;
}

async function print({ name, graph, kind }: Profiled, cost: Profile, helloEdge: HelloEdgeCost | undefined): Promise<void> {
  const { printable, renderTable } = await import("../measure/terminal.js");
  const right = { align: "right" as const };
  const titles = ["parameters", "multiply-accumulates", "activation bytes"].map((title) => ({ title, ...right }));
  const grouped = (n: number): string => n.toLocaleString("en-US");
  const rows = cost.layers.map((layer) => [
    printable(layer.name),
    layer.op,
    layer.shape.join(" x "),
    ...[layer.parameters, layer.multiplyAccumulates, layer.activationBytes].map(grouped),
  ]);
  rows.push(["all", "", "", ...[cost.parameters, cost.multiplyAccumulates, cost.activationBytes].map(grouped)]);
  const [, frames, ...features] = graph.inputs[0].value.type.shape;
  printText(`${printable(name)} (${kind}), ${inputText(frames, features)}\n`);
  printText(renderTable([{ title: "layer" }, { title: "op" }, { title: "gives" }, ...titles], rows, paint));
  printText(
    `\n${grouped(cost.trainable)} parameters are trained; input and output of the largest layer: ${grouped(cost.largestPairBytes)} bytes`,
  );
  if (helloEdge)
    printText(`as Hello Edge counts: ${grouped(helloEdge.memory)} bytes of memory, ${grouped(helloEdge.operations)} operations`);
}
