import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyFlags, classifierFlags } from "../../../dist/compat/fastcells/classifier_flags.js";
import { classifierRecipe } from "../../../dist/compat/fastcells/classifier_recipe.js";
import { defaultConfig } from "../../../dist/compat/fastcells/training_config.js";
import { parseFlags } from "../../../dist/compat/flags.js";
import { RowSetWriter } from "../../../dist/corpus/row_set.js";
import { argumentsOf, awkwardValues, mutateCommandLine } from "../mutate_command_line.mjs";

const folder = mkdtempSync(join(tmpdir(), "earshot-fuzz-fastcells-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const classes = ["background", "yes"];
const description = { rate: 16_000, hop: 160, bins: 32, window: 98, shift: 98, classes, frontend: null };
const writer = new RowSetWriter(join(folder, "training_list.npz"), description);
for (let i = 0; i < 256; i++) writer.append(classes[i % 2], new Float32Array(98 * 32));
writer.close();

const commandLines = [
  "--use_gpu --normalize --rolling --max_rolling_length 235 -a d -c d/categories.txt --outdir o --architecture FastGRNNCUDA --num_layers 2 " +
    "--epochs 250 --learning_rate 0.005 -bs 128 -hu 128 --lr_min 0.0005 --lr_scheduler CosineAnnealingLR --lr_peaks 0",
  "--architecture LSTM --num_layers 3 -hu1 5 -hu2 4 -ur1 2 -wr3 3 -wsp 0.5 -usp 0.3 --trim_level 4 -sl yes -spr 0.25 -d",
  "--architecture GRU -hu 16 -gnl quantSigm -unl quantTanh --lr_scheduler StepLR --filename x.pt -e",
];
const values = ["1e-300", "9007199254740993", "0.5", "99999", "100000000", ...awkwardValues];

export const name = "fastcells flags";

export const generate = (random) => mutateCommandLine(random, commandLines, values);

/** Reads the command line of train_classifier and puts the recipe together, its network too; nothing is trained. */
export async function run(bytes) {
  const args = argumentsOf(bytes);
  const { values: flags, given, help } = parseFlags(classifierFlags, args, { program: "fastcells train_classifier", words: [] });
  if (help) return;
  const config = defaultConfig();
  applyFlags(config, flags, given);
  config.dataset.path = folder;
  await classifierRecipe(config, classes, () => {});
}
