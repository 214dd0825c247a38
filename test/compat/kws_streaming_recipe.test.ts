import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../src/compat/kws_streaming/command_line.js";
import { recipeOf } from "../../src/compat/kws_streaming/recipe.js";
import type { Recipe } from "../../src/train/recipe.js";

const recipe = (...args: string[]): Recipe => recipeOf(readCommandLine(args, () => {})!);

describe("the training that kws_streaming's flags describe", () => {
  it("crnn of the quantized page: exponential rates, masks for the whole batch, squared magnitudes", () => {
    const rates = ["--how_many_training_steps", "20000,20000,20000,20000", "--learning_rate", "0.001,0.0005,0.0001,0.00002"];
    const features = ["--use_spec_augment", "1", "--feature_type", "mfcc_op", "--fft_magnitude_squared", "1"];
    const model = ["crnn", "--cnn_kernel_size", "(3,3),(5,3)", "--stateful", "0"];
    const found = recipe("--data_dir", "data2/", ...rates, "--lr_schedule", "exp", ...features, "--alsologtostderr", ...model);
    expect(found).toMatchObject({
      model: { name: "kws_streaming/crnn", options: { cnn_kernel_size: "(3,3),(5,3)", stateful: 0, gru_units: "256" } },
      schedule: { kind: "exponential", first: 0.001, last: 0.00002 },
      steps: 80_000,
      frontend: { kind: "mfcc_op", magnitudeSquared: true, melBands: 40, dctCoefficients: 20 },
      task: { splitBy: "hash", silence: true, unknown: true, validationPercentage: 10, testingPercentage: 10 },
      optimizer: { kind: "adam", epsilon: 1e-8, epsilonInside: true },
      sampling: { order: "uniform" },
      validateEvery: 400,
      batch: 100,
    });
    expect(found.augmentation.specAugment).toMatchObject({
      timeMasks: 2,
      timeMaskSize: 10,
      frequencyMaskSize: 5,
      perBatch: true,
    });
    expect(found.augmentation.waveform).toMatchObject({ silenceVolume: 0.1, silenceFrequency: 0.8, noiseFrequency: 0.8 });
  });

  it("the layer's shift and stretch stand where the reader's are 0", () => {
    const layer = ["--resample", "0", "--sp_resample", "0.2", "--time_shift_ms", "0", "--sp_time_shift_ms", "50"];
    const { waveform } = recipe(...layer, "--volume_resample", "0.3", "svdf").augmentation;
    expect(waveform).toMatchObject({ resample: 0.2, timeShiftMilliseconds: 50, volume: 0.3 });
  });

  it("momentum, novograd, cutout, order, folders", () => {
    const momentum = recipe("--optimizer", "momentum", "--use_spec_cutout", "1", "--pick_deterministically", "1", "tc_resnet");
    expect(momentum.optimizer).toEqual({ kind: "sgd", momentum: 0.9, nesterov: false, rateInVelocity: true });
    expect(momentum.augmentation.specCutout).toEqual({ masks: 3, timeMaskSize: 10, frequencyMaskSize: 5 });
    expect(momentum.sampling.order).toBe("walk");
    const novograd = recipe("--optimizer", "novograd", "--novograd_beta_1", "0.9", "--novograd_beta_2", "0.99", "ds_tc_resnet");
    expect(novograd.optimizer).toMatchObject({ kind: "novograd", beta1: 0.9, beta2: 0.99, weightDecay: 0.001, epsilon: 1e-7 });
    const folders = recipe("--split_data", "0", "--wanted_words", "a,b", "svdf");
    expect(folders.task).toMatchObject({ words: ["a", "b"], silence: false, unknown: false, splitBy: "folders" });
  });

  it("front ends: frames, in front of the model, in it with every flag", () => {
    expect(recipe("dnn_raw").frontend).toEqual({ kind: "frames", windowMs: 40, strideMs: 20 });
    const micro = ["--preprocess", "micro", "--window_size_ms", "30", "--micro_out_scale", "2", "--use_spec_augment", "1"];
    expect(recipe(...micro, "ds_cnn").frontend).toMatchObject({ kind: "micro", scale: 10 / 512, windowMs: 30 });
    // The layer that masks is part of the model only with preprocess raw.
    expect(recipe(...micro, "ds_cnn").augmentation.specAugment).toBe(null);
    const tf = ["--preemph", "0.97", "--window_type", "hann_offest", "--causal_data_frame_padding", "1", "--log_epsilon", "1e-6"];
    expect(recipe(...tf, "--data_stride", "2", "svdf").frontend).toMatchObject({
      kind: "mfcc_tf",
      preemphasis: 0.97,
      window: "hann_offest",
      causalFramePadding: true,
      logFloor: 1e-6,
      dataStride: 2,
    });
    expect(recipe("--use_tf_fft", "1", "svdf").frontend).toMatchObject({
      useTfFft: true,
      window: "hann_tf",
      melNonZeroOnly: false,
    });
  });

  it("l2_weight_decay is att_mh_rnn's, and leaves recurrent kernels and logits alone", () => {
    expect(recipe("--l2_weight_decay", "0.001", "svdf")).toMatchObject({ l2: 0 });
    const { l2, l2Parameters } = recipe("--l2_weight_decay", "0.001", "att_mh_rnn");
    expect(l2).toBe(0.001);
    expect(l2Parameters).toContain("convolutions.0.bias");
    expect(l2Parameters).toContain("recurrent.1.backward.kernel");
    expect(l2Parameters).toContain("attention.3.bias");
    expect([...(l2Parameters ?? [])].filter((name) => /recurrent_kernel|classifier|norm|recurrent.*bias/.test(name))).toEqual([]);
  });
});
