import { masksOf, type PageTraining, piecewise } from "./common.js";

const rates = [0.001, 0.002, 0.003, 0.004, 0.005, 0.002, 0.0005, 1e-5, 1e-6, 1e-7];
const warmup = [100, 100, 100, 100];
const usual: PageTraining = {
  ...piecewise([0.001, 0.0005, 0.0002, 0.0001], [40_000, 40_000, 20_000, 20_000]),
  masks: masksOf(25, 7),
  walk: true,
};

/** Trainings of kws_streaming's page "12_labels", by model. */
export const twelveLabelsTrainings: Readonly<Record<string, PageTraining>> = {
  bc_resnet_1: {
    ...piecewise(rates, [...warmup, 30_000, 30_000, 20_000, 10_000, 5_000, 5_000]),
    resample: 0.1,
    walk: true,
  },
  bc_resnet_2: {
    ...piecewise(rates, [...warmup, 30_000, 20_000, 15_000, 5_000, 5_000, 5_000]),
    resample: 0.1,
    masks: masksOf(20, 3),
    walk: true,
  },
  ds_tc_resnet: usual,
  att_mh_rnn_98: usual,
};
