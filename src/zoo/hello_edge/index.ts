import type { Architecture } from "../model.js";
import { basicLstm } from "./basic_lstm.js";
import { cnn } from "./cnn.js";
import { conv } from "./conv.js";
import { crnn } from "./crnn.js";
import { dnn } from "./dnn.js";
import { dsCnn } from "./ds_cnn.js";
import { gru } from "./gru.js";
import { lowLatencyConv } from "./low_latency_conv.js";
import { lowLatencySvdf } from "./low_latency_svdf.js";
import { lstm } from "./lstm.js";
import { singleFc } from "./single_fc.js";

/** The eleven networks of Hello Edge. */
export const helloEdgeArchitectures = [
  dnn,
  cnn,
  dsCnn,
  basicLstm,
  lstm,
  gru,
  crnn,
  singleFc,
  conv,
  lowLatencyConv,
  lowLatencySvdf,
] as unknown as readonly Architecture[];
