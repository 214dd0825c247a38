import { exponential, type PageTraining, piecewise } from "./common.js";

const steps = [20_000, 20_000, 20_000, 20_000];
const linear = piecewise([0.001, 0.0005, 0.0001, 0.00002], steps);
const smooth = exponential(0.001, 0.00002);

/** Trainings of kws_streaming's page "30k_12_labels", by model. */
export const thirtyThousand12LabelsTrainings: Readonly<Record<string, PageTraining>> = {
  svdf_resnet: smooth,
  mobilenet: smooth,
  svdf_30k: smooth,
  mobilenet_v2: linear,
  inception: linear,
  inception_resnet: linear,
  tc_resnet_30k: linear,
  xception: linear,
};
