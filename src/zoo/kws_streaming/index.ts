import type { Architecture, ZooModel } from "../model.js";
import { attMhRnn } from "./att_mh_rnn.js";
import { attRnn } from "./att_rnn.js";
import { bcResnet } from "./bc_resnet.js";
import { cnn } from "./cnn.js";
import { crnn } from "./crnn.js";
import { dnn } from "./dnn.js";
import { dnnRaw } from "./dnn_raw.js";
import { dsCnn } from "./ds_cnn.js";
import { dsTcResnet } from "./ds_tc_resnet.js";
import { gru } from "./gru.js";
import { inception } from "./inception.js";
import { inceptionResnet } from "./inception_resnet.js";
import { lstm } from "./lstm.js";
import { mobilenet } from "./mobilenet.js";
import { mobilenetV2 } from "./mobilenet_v2.js";
import { twelveLabels } from "./pages/12_labels.js";
import { thirtyThousand12Labels } from "./pages/30k_12_labels.js";
import { thirtyFiveLabels } from "./pages/35_labels.js";
import { paper12Labels } from "./pages/paper_12_labels.js";
import { quantized12Labels } from "./pages/quantized_12_labels.js";
import { svdf } from "./svdf.js";
import { svdfResnet } from "./svdf_resnet.js";
import { tcResnet } from "./tc_resnet.js";
import { xception } from "./xception.js";

/** The 19 networks of kws_streaming. */
export const kwsStreamingArchitectures = [
  svdf,
  crnn,
  gru,
  lstm,
  dnn,
  dnnRaw,
  cnn,
  dsCnn,
  tcResnet,
  dsTcResnet,
  bcResnet,
  attRnn,
  attMhRnn,
  svdfResnet,
  mobilenet,
  mobilenetV2,
  inception,
  inceptionResnet,
  xception,
] as unknown as readonly Architecture[];

/** The networks of its pages of experiments. */
export const kwsStreamingModels: readonly ZooModel[] = [
  ...quantized12Labels,
  ...paper12Labels,
  ...thirtyThousand12Labels,
  ...twelveLabels,
  ...thirtyFiveLabels,
];
