import { CommanderError } from "commander";
import { UsageError } from "../../../dist/base/errors.js";
import { commands } from "../../../dist/cli/commands.js";
import { buildProgram } from "../../../dist/cli/run.js";
import { recipeOf } from "../../../dist/cli/train.js";
import { argumentsOf, awkwardValues, mutateCommandLine } from "../mutate_command_line.mjs";

const commandLines = [
  "train ds_cnn_s --data d --out o --steps 100 --batch 10 --seed 1 --learning-rate 0.001,0.0001 --schedule-steps 60,40 --words yes,no",
  "train crnn --features a --data d --weights 8,1 --option gru_units=154 --option dropout1=0.1 --out o --optimizer sgd --momentum 0.9",
  "train --recipe published --data d --out o --spec-augment 2,10,2,5 --shares _unknown_=0.1 --class-weights yes=2 --schedule cosine",
  "train --data d --out o --frontend arm --array-noise-db -40,0 --silence-zeros 0.1 --no-silence --l2 1e-4 --clip-norm 1",
  "evaluate m --data d --split testing --threads 2 --confusion --json",
  "predict m a.wav b.wav --top 3 --target wasm",
  "export m --to tflite --features builtin --states external --out x.tflite",
  "data check d --rate 16000 --min-seconds 1 --silent-below -60 --clipped-share 0.01",
  "data featurize d --out a --frontend arm --samples 16000",
  "data synth --words yes,no --out d",
  "data stats d --words all --no-unknown",
  "profile ds_cnn_s",
  "report r --out x.html --json",
  "quickstart --per-word 30 --steps 10",
  "help train",
];

const values = ["1e3", "yes,no", "a=b", "=", "__proto__=1", "1,2,3,4", ...awkwardValues];

export const name = "arguments";

export const generate = (random) => mutateCommandLine(random, commandLines, values);

/** Parses the command line as `earshot` does and, for a training, puts its recipe together; nothing is started. */
export async function run(bytes) {
  const args = argumentsOf(bytes);
  const program = await buildProgram(commands, args);
  let work;
  for (const command of everyCommand(program)) {
    command.configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
    command.exitOverride();
    if (command.commands.length > 0) continue;
    command.action((...given) => {
      if (command.name() === "train") work = () => recipeOf(given[0], given[1]);
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // What commander finds wrong it says itself, and the program ends with exit code 2; asking for help is no fault.
    if (error.exitCode !== 0) throw new UsageError(error.message);
    return;
  }
  await work?.();
}

function* everyCommand(command) {
  yield command;
  for (const child of command.commands) yield* everyCommand(child);
}
