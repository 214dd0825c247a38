import { exponential, masksOf, type PageTraining, piecewise } from "./common.js";

const steps = [20_000, 20_000, 20_000, 20_000];
const usual: PageTraining = { ...exponential(0.001, 0.00002), masks: masksOf(10, 5) };

/** Trainings of kws_streaming's page "quantized_12_labels", by model. */
export const quantized12LabelsTrainings: Readonly<Record<string, PageTraining>> = {
  svdf: piecewise([0.001, 0.0005, 0.0001, 0.00002], steps),
  crnn: usual,
  crnn_state: usual,
  lstm_peep: usual,
  kws_dnn: usual,
  att_mh_rnn: usual,
};
