import { masksOf, type PageTraining, piecewise } from "./common.js";

const common = { masks: masksOf(25, 7), allWords: true, batch: 128, validateEvery: 662 } as const;
const rates = [0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];

/** Trainings of kws_streaming's page "35_labels", by model. */
export const thirtyFiveLabelsTrainings: Readonly<Record<string, PageTraining>> = {
  ds_tc_resnet_35: { ...piecewise(rates, [20_000, 20_000, 20_000, 20_000, 20_000, 20_000]), ...common, walk: true },
  att_mh_rnn_35: { ...piecewise([0.001, 0.0005, 0.0002, 0.0001], [40_000, 40_000, 20_000, 20_000]), ...common, walk: true },
};
