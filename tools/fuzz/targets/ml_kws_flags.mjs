import { parseFlags } from "../../../dist/compat/flags.js";
import { recipeOf, trainFlags } from "../../../dist/compat/ml_kws/train_recipe.js";
import { featureShape } from "../../../dist/frontend/frontend.js";
import { buildModel } from "../../../dist/zoo/index.js";
import { argumentsOf, awkwardValues, mutateCommandLine } from "../mutate_command_line.mjs";

const commandLines = [
  "--model_architecture dnn --model_size_info 128 128 128",
  "--model_architecture ds_cnn --model_size_info 5 64 10 4 2 2 64 3 3 1 1 64 3 3 1 1 64 3 3 1 1 64 3 3 1 1 --dct_coefficient_count 10 " +
    "--window_size_ms 40 --window_stride_ms 20 --learning_rate 0.0005,0.0001,0.00002 --how_many_training_steps 10000,10000,10000",
  "--model_architecture crnn --model_size_info 48 10 4 2 2 2 60 84 --dct_coefficient_count 10 --summaries_dir s --train_dir t",
  "--model_architecture=basic_lstm --model_size_info=118 --wanted_words=yes,no --sample_rate=8000 --clip_duration_ms=2000",
  "--model_architecture single_fc --silence_percentage 0 --unknown_percentage 50 --validation_percentage 20 --testing_percentage 20",
  "--data_url= --data_dir d --background_volume 0.2 --background_frequency 1 --time_shift_ms 0 --batch_size 64 --eval_step_interval 10",
];
const values = ["1e300", "9007199254740993", "99999", "16384", ...awkwardValues];

export const name = "ml-kws flags";

export const generate = (random) => mutateCommandLine(random, commandLines, values);

/** Reads the command line, puts the recipe together and builds its network; nothing is started. */
export function run(bytes) {
  const args = argumentsOf(bytes);
  const flags = parseFlags(trainFlags, args, { program: "ml-kws train", words: [], onUnknown: () => {} });
  if (flags.help) return;
  const { model, frontend, samples, rate } = recipeOf(flags);
  buildModel(model.name, model.options, { ...featureShape(frontend, { samples, rate }), labels: 12 });
}
