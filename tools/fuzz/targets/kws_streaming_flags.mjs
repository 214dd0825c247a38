import { readCommandLine } from "../../../dist/compat/kws_streaming/command_line.js";
import { recipeOf } from "../../../dist/compat/kws_streaming/recipe.js";
import { allSettings } from "../../../dist/compat/kws_streaming/settings_files.js";
import { buildFrontend, featureShape } from "../../../dist/frontend/frontend.js";
import { buildModel } from "../../../dist/zoo/index.js";
import { argumentsOf, awkwardValues, mutateCommandLine } from "../mutate_command_line.mjs";

/** Lines in which blanks part the words: none of the values has one. */
const commandLines = [
  "--data_url= --data_dir d/ --train_dir t/ --how_many_training_steps 20,20 --learning_rate 0.001,0.0005 --mel_num_bins 80 --dct_num_features 30 --alsologtostderr --feature_type mfcc_op --fft_magnitude_squared 1 svdf --svdf_memory_size 4,10 --svdf_units1 16,16 --svdf_act 'relu','relu' --svdf_units2 8,-1 --svdf_dropout 0.0,0.0 --svdf_pad 0",
  "--lr_schedule exp --use_spec_augment 1 --time_mask_max_size 10 lstm --lstm_units 50 --return_sequences 0 --use_peepholes 1 --num_proj 20 --stateful 0",
  "--preprocess micro --window_size_ms 30 --mel_lower_edge_hertz 125 --mel_upper_edge_hertz 7500 crnn --cnn_filters 4,4 --cnn_kernel_size (3,3),(5,3) --cnn_strides (1,1),(1,1)",
  "--optimizer novograd --novograd_beta_1 0.9 --clip_duration_ms 500 --sample_rate 8000 --mel_upper_edge_hertz 3800 ds_tc_resnet --ds_filters 8,8,8,8,8,8 --ds_kernel_size 3,3,3,3,3,1",
  "--l2_weight_decay 0.001 --split_data 0 --wanted_words a,b att_mh_rnn --rnn_units 4 --heads 2",
  "--optimizer momentum --sp_resample 0.1 --resample 0 --window_type hann_offest --data_stride 2 tc_resnet --channels 8,8 --kernel_size (3,1) --use_layer_norm 1",
  "--use_spec_cutout 1 --causal_data_frame_padding 1 mobilenet --cnn1_filters 8 --cnn_filters 8,8,8,8",
  "dnn_raw --units1 8 --act1 'relu'",
  "-h",
];

const values = ["-1e-3", "(3,1)", "(3,1),", "1,2,3", "'relu'", "''", "-h", ...awkwardValues];

export const name = "kws-streaming flags";

export const generate = (random) => mutateCommandLine(random, commandLines, values);

/** Reads a command line of kws-streaming and makes of it what a training needs before its data: recipe, front end and network. */
export function run(bytes) {
  const line = readCommandLine(argumentsOf(bytes), () => {});
  if (line === undefined) return;
  const { frontend, model, samples, rate } = recipeOf(line);
  JSON.stringify(allSettings(line));
  buildFrontend(frontend, { samples, rate });
  buildModel(model.name, model.options, { ...featureShape(frontend, { samples, rate }), labels: 4 });
}
