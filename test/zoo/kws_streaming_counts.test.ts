import { describe, expect, it } from "vitest";
import { countParameters } from "../../src/graph/count.js";
import { buildModel, findModel, type ModelOptions } from "../../src/zoo/index.js";

/**
 * All parameters and the trainable ones of the pages' models, counted from the layers of the original. Pages round them; where they print
 * another number, it stands behind.
 */
const table: readonly (readonly [name: string, all: number, trainable: number])[] = [
  ["svdf", 354_444, 354_444],
  ["crnn", 467_772, 467_772],
  ["crnn_state", 467_772, 467_772],
  ["lstm_peep", 545_912, 545_912],
  ["kws_dnn", 447_308, 447_308],
  ["att_mh_rnn", 743_047, 743_025], // printed: 700K
  ["ds_cnn_stream", 497_412, 490_812],
  ["ds_cnn_stride", 492_312, 485_712],
  ["lstm_peep_state", 545_912, 545_912],
  ["lstm", 630_956, 630_956],
  ["lstm_state", 630_956, 630_956],
  ["gru", 593_836, 593_836],
  ["gru_state", 593_836, 593_836],
  ["kws_cnn", 606_732, 606_732],
  ["cnn_stride", 529_036, 529_036],
  ["dnn_raw", 486_988, 486_988],
  ["att_rnn", 496_519, 496_497],
  ["tc_resnet", 366_894, 365_274],
  ["svdf_resnet", 34_508, 33_568],
  ["mobilenet", 36_364, 35_084],
  ["mobilenet_v2", 29_724, 28_316],
  ["inception", 31_206, 30_234],
  ["inception_resnet", 34_348, 33_324],
  ["svdf_30k", 32_716, 32_716],
  ["tc_resnet_30k", 31_864, 31_200],
  ["xception", 32_780, 31_740],
  ["bc_resnet_1", 14_024, 11_032],
  ["bc_resnet_2", 36_272, 30_288],
  ["ds_tc_resnet", 73_220, 71_684], // printed: 75K
  ["att_mh_rnn_98", 756_711, 756_689],
  ["ds_tc_resnet_35", 76_187, 74_651],
  ["att_mh_rnn_35", 758_206, 758_184],
];

function counts(name: string, options: ModelOptions = {}, shape = findModel(name).published.shape): number[] {
  const graph = buildModel(name, options, shape);
  return [countParameters(graph), countParameters(graph, { trainable: true })];
}

describe("parameters of kws_streaming's models", () => {
  it.each(table)("%s has %i, %i of them trainable", (name, all, trainable) => {
    expect(counts(name)).toEqual([all, trainable]);
  });

  it("its cnn in the code of 2022 has 9.26 million with the strides of the pages: the causal map stays 49 frames long", () => {
    expect((counts("kws_cnn", { revision: "2022" })[0] as number) / 1e6).toBeCloseTo(9.26, 2);
  });
});
