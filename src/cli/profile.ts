import { existsSync } from "node:fs";
import type { Command } from "commander";
import { UsageError, UserError } from "../base/errors.js";
import type { Model } from "../formats/model.js";
import type { Graph } from "../graph/types.js";
import type { StreamForm } from "../passes/stream.js";
import type { HelloEdgeCost, Profile, StreamProfile } from "../measure/profile.js";
import { type CommonOptions, paint, printJson, printNext, printText } from "./output.js";

interface ProfileArguments extends CommonOptions {
  option?: string[];
  stream?: StreamForm;
}

interface Profiled {
  readonly name: string;
  /** "model" for a file, "network" for an architecture with the shape of its publication. */
  readonly kind: "model" | "network";
  readonly graph: Graph;
  /** Whether the network is one of Hello Edge's, which counts costs in its own way. */
  readonly helloEdge: boolean;
  /** Of a model file, where it is to be a stream. */
  readonly stream?: StreamProfile;
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `earshot profile`: what a network costs, by layer and in total. */
export function register(program: Command): void {
  const command = program
    .command("profile")
    .description(
      "Count the parameters, multiply-accumulates and activation bytes of one clip, or of a step of a stream, by layer and in total.",
    );
  command
    .argument(
      "<model>",
      "model file, folder of a run, a model that comes with earshot, or a network of the zoo, such as ds_cnn_s",
    )
    .option("--option <name=value>", "option of a network; may be repeated", collect)
    .addOption(
      command
        .createOption("--stream <form>", "what each step of the stream costs, and a second of it (default: as the file streams)")
        .choices(["context", "window"]),
    )
    .option("--json", "print one JSON object")
    .action(profileModel);
}

async function profileModel(name: string, options: ProfileArguments): Promise<void> {
  const { helloEdgeCost, profile } = await import("../measure/profile.js");
  const profiled = await find(name, options);
  const cost = profile(profiled.graph);
  const helloEdge = profiled.helloEdge ? helloEdgeCost(profiled.graph) : undefined;
  if (options.json === true) {
    const input = profiled.graph.inputs[0].value.type.shape;
    const { stream } = profiled;
    const more = { ...(helloEdge ? { helloEdge } : {}), ...(stream ? { stream } : {}) };
    printJson({ name: profiled.name, kind: profiled.kind, input, ...cost, ...more });
    return;
  }
  if (profiled.stream) return printStream(profiled.name, profiled.stream);
  await print(profiled, cost, helloEdge);
  if (profiled.kind === "network") printNext(`earshot train ${name} --data FOLDER --out runs/first`, options);
}

/** A model file or shipped model; else a network of the zoo. Options build a network of the zoo. */
async function find(name: string, { option: options, stream: form }: ProfileArguments): Promise<Profiled> {
  const { findShippedModel, resolveModel } = await import("../formats/shipped.js");
  const path = existsSync(name) ? resolveModel(name) : findShippedModel(name);
  if (path !== undefined && options === undefined) {
    if (path.toLowerCase().endsWith(".tflite")) {
      if (form) throw new UsageError(`${path}: --stream is for model files`);
      const { largestTflite, readTflite } = await import("../formats/tflite/read/read.js");
      const { readBounded } = await import("../base/read_file.js");
      const bytes = await readBounded(path, largestTflite, "a model has some megabytes");
      const { graph } = readTflite(bytes, path, "profile the model file (.safetensors) that it was made from");
      return { name, kind: "model", graph, helloEdge: false };
    }
    const { loadModel } = await import("../formats/model_file.js");
    const model = await loadModel(path);
    const stream = form || model.stream ? await streamOf(model, form) : undefined;
    const helloEdge = await isHelloEdge(model.training["model"]);
    return { name, kind: "model", graph: model.graph, helloEdge, ...(stream ? { stream } : {}) };
  }
  if (form) throw new UsageError("--stream is for model files; train one, or name one that comes with earshot");
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

async function streamOf(model: Model, form: StreamForm | undefined): Promise<StreamProfile> {
  const { streamModel, unitsPerSecond } = await import("../detect/model_stream.js");
  const { profileStream } = await import("../measure/profile.js");
  return profileStream(streamModel(model, { form }), unitsPerSecond(model, model.stream?.input));
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

const grouped = (n: number): string => n.toLocaleString("en-US");

async function printStream(name: string, stream: StreamProfile): Promise<void> {
  const { printable } = await import("../measure/terminal.js");
  const { form, input, steps } = stream;
  for (const [i, step] of steps.entries()) {
    const which = steps.length === 1 ? "every step" : `step ${i + 1} of every ${steps.length}`;
    printText(`${printable(name)}, ${form} form: ${which}, ${stream.stepMs} ms of ${input}\n`);
    printText(`${await layerTable(step)}\n`);
  }
  const second = [stream.multiplyAccumulatesPerSecond, stream.flopsPerSecond].map((n) => grouped(Math.round(n)));
  printText(`a second: ${second[0]} multiply-accumulates, ${second[1]} FLOPs; state: ${grouped(stream.stateBytes)} bytes`);
}

async function layerTable(cost: Profile): Promise<string> {
  const { printable, renderTable } = await import("../measure/terminal.js");
  const right = { align: "right" as const };
  const titles = ["parameters", "multiply-accumulates", "activation bytes"].map((title) => ({ title, ...right }));
  const rows = cost.layers.map((layer) => [
    printable(layer.name),
    layer.op,
    layer.shape.join(" x "),
    ...[layer.parameters, layer.multiplyAccumulates, layer.activationBytes].map(grouped),
  ]);
  rows.push(["all", "", "", ...[cost.parameters, cost.multiplyAccumulates, cost.activationBytes].map(grouped)]);
  return renderTable([{ title: "layer" }, { title: "op" }, { title: "gives" }, ...titles], rows, paint);
}

async function print({ name, graph, kind }: Profiled, cost: Profile, helloEdge: HelloEdgeCost | undefined): Promise<void> {
  const { printable } = await import("../measure/terminal.js");
  const [, frames, ...features] = graph.inputs[0].value.type.shape;
  printText(`${printable(name)} (${kind}), ${inputText(frames, features)}\n`);
  printText(await layerTable(cost));
  printText(
    `\n${grouped(cost.trainable)} parameters are trained; input and output of the largest layer: ${grouped(cost.largestPairBytes)} bytes`,
  );
  if (helloEdge)
    printText(`as Hello Edge counts: ${grouped(helloEdge.memory)} bytes of memory, ${grouped(helloEdge.operations)} operations`);
}
