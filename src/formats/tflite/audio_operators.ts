import { encode } from "flatbuffers/js/flexbuffers.js";
import { UserError } from "../../base/errors.js";
import type { FrontendDescription } from "../../frontend/frontend.js";
import type { MfccOpOptions } from "../../frontend/mfcc_op.js";
import { framingOf } from "../../frontend/options.js";
import type { TfliteEmitter } from "./emitter.js";

/**
 * The front end as TFLite's custom operators AudioSpectrogram and Mfcc (tensorflow/lite/kernels/audio_spectrogram.cc,
 * mfcc.cc): samples [1, n] to features [1, frames, coefficients].
 * @throws UserError where these operators cannot express the front end
 */
export function audioOperators(description: FrontendDescription, audio: number, rate: number, emitter: TfliteEmitter): number {
  if (description.kind !== "mfcc_op")
    throw new UserError(
      `the front end ${description.kind} cannot be written as TFLite's AudioSpectrogram and Mfcc, which only mfcc_op is; ` +
        "take --features builtin (plain operators) or --features none (features computed outside)",
    );
  checkWholeHertz(description);
  const [, samples] = emitter.shapeOf(audio);
  const { window, hop, points, frames } = framingOf(description, samples, rate);
  const column = emitter.reshape(audio, [samples, 1], "frontend/column");
  const spectrogram = emitter.custom(
    "AudioSpectrogram",
    encode({ window_size: window, stride: hop, magnitude_squared: description.magnitudeSquared }),
    [column],
    { name: "frontend/spectrogram", shape: [1, frames, points / 2 + 1] },
  );
  const options = {
    upper_frequency_limit: description.upperHertz,
    lower_frequency_limit: description.lowerHertz,
    filterbank_channel_count: description.melBands,
    dct_coefficient_count: description.dctCoefficients,
  };
  const inputs = [spectrogram, emitter.integers("rate", [], [rate])];
  return emitter.custom("Mfcc", encode(options), inputs, {
    name: "frontend/mfcc",
    shape: [1, frames, description.dctCoefficients],
  });
}

/** TFLite's Mfcc reads its frequency limits as whole numbers. */
function checkWholeHertz({ lowerHertz, upperHertz }: MfccOpOptions): void {
  for (const hertz of [lowerHertz, upperHertz])
    if (!Number.isInteger(hertz))
      throw new UserError(
        `TFLite's Mfcc operator knows whole frequencies only, and the front end has ${hertz} Hz; take --features builtin`,
      );
}
