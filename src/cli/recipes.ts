import type { Command } from "commander";
import type { PublishedTraining } from "../zoo/recipes/index.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";
import { refuseOtherEnding } from "./output_name.js";

interface RecipesArguments extends CommonOptions {
  out?: string;
}

/** `earshot recipes`: the published trainings, which 'earshot train NAME' runs. */
export function register(program: Command): void {
  program
    .command("recipes")
    .description(
      "List the published trainings, or show one with every hyperparameter; 'earshot train NAME --data FOLDER' runs it.",
    )
    .argument("[name]", "recipe, such as hello_edge_ds_cnn_s")
    .option("-o, --out <file>", "write the recipe, to change it and train with --recipe FILE")
    .option("--json", "print one JSON object")
    .action(recipes);
}

async function recipes(name: string | undefined, options: RecipesArguments): Promise<void> {
  const { publishedTraining, publishedTrainings } = await import("../zoo/recipes/index.js");
  if (name === undefined) return list(publishedTrainings(), options);
  const training = publishedTraining(name);
  refuseOtherEnding(options.out, ".json");
  if (options.out !== undefined) {
    const { writeFileSafely } = await import("../formats/write_file.js");
    await writeFileSafely(options.out, Buffer.from(`${JSON.stringify(training.recipe, null, 2)}\n`));
  }
  if (options.json === true) printJson(training);
  else show(training);
  printNext(
    `earshot train ${options.out === undefined ? training.name : `--recipe ${shellWord(options.out)}`} --data FOLDER --out RUN`,
    options,
  );
}

async function list(trainings: readonly PublishedTraining[], options: RecipesArguments): Promise<void> {
  const { UsageError } = await import("../base/errors.js");
  if (options.out !== undefined) throw new UsageError("--out writes one recipe; name it");
  if (options.json === true) return printJson({ recipes: trainings });
  const { findModel } = await import("../zoo/index.js");
  const { renderTable } = await import("../measure/terminal.js");
  const columns = [
    { title: "recipe" },
    { title: "family" },
    { title: "network" },
    { title: "data" },
    { title: "published", align: "right" as const },
  ];
  const rows = trainings.map(({ name, recipe, data, published }) => {
    const { published: model } = findModel(recipe.model.name);
    return [name, model.family, model.name, data, published.accuracy === "" ? "" : `${published.accuracy} %`];
  });
  printText(renderTable(columns, rows, paint));
  printNext("earshot recipes NAME", options);
}

function show({ name, title, data, published, trainingFrom, notes, recipe }: PublishedTraining): void {
  const { source, accuracy, parameters, memory, operations } = published;
  const figures = [
    accuracy === "" ? "" : `${accuracy} %`,
    parameters === undefined ? "" : `${parameters} parameters`,
    memory === undefined ? "" : `${memory} KB`,
    operations === undefined ? "" : `${operations} operations`,
  ].filter((text) => text !== "");
  const line = (label: string, text: string): void => printText(`${paint("dim", label.padEnd(10))} ${text}`);
  line("recipe", name);
  line("what", title);
  line("data", data);
  line("published", figures.length === 0 ? `no accuracy (${source})` : `${figures.join(", ")} (${source})`);
  line("training", trainingFrom);
  for (const note of notes) line("note", note);
  printText(`\n${JSON.stringify(recipe, null, 2)}`);
}
