import { exponential, masksOf, type PageTraining } from "./common.js";

const masks = masksOf(10, 5);
const usual: PageTraining = { ...exponential(0.001, 0.00002), masks };
const names = [
  "ds_cnn_stream",
  "ds_cnn_stride",
  "lstm_peep_state",
  "lstm",
  "lstm_state",
  "gru",
  "gru_state",
  "kws_cnn",
  "cnn_stride",
  "dnn_raw",
  "att_rnn",
];

/** Trainings of kws_streaming's page "paper_12_labels", by model. */
export const paper12LabelsTrainings: Readonly<Record<string, PageTraining>> = {
  ...Object.fromEntries(names.map((name) => [name, usual])),
  tc_resnet: { ...exponential(0.1, 0.01), masks, optimizer: { kind: "sgd", momentum: 0.9 } },
};
