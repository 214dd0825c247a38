"""frontend_tensorflow.json: mfcc_op and mfcc_tf of kws_streaming, computed by TensorFlow.

Needs tensorflow-cpu 2.21.0, numpy 2.4.6.

mfcc_op is tf.raw_ops.AudioSpectrogram followed by tf.raw_ops.Mfcc: the original itself.
mfcc_tf is a chain of TensorFlow operations: frame, pre-emphasis, window, DFT (product with cos and -sin tables, or
tf.signal.rfft), tf.signal.linear_to_mel_weight_matrix, log, DCT. It runs in float32 as the original does, and once
more in float64 as the reference.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf

import golden_file
import signals

RATE = signals.RATE

MFCC_OP = [
    # name, clip, window, stride, squared, mel bands, lower, upper, dct
    ("op_640_320_mel40_20_4000_dct10", "harmonics", 640, 320, True, 40, 20.0, 4000.0, 10),
    ("op_640_320_mel40_20_4000_dct10_bursts", "bursts", 640, 320, True, 40, 20.0, 4000.0, 10),
    ("op_640_320_mel40_20_7000_dct20", "chirp", 640, 320, True, 40, 20.0, 7000.0, 20),
    ("op_640_320_mel40_20_7000_dct20_not_squared", "chirp", 640, 320, False, 40, 20.0, 7000.0, 20),
    ("op_640_320_mel80_20_7600_dct30", "harmonics", 640, 320, True, 80, 20.0, 7600.0, 30),
    ("op_480_160_mel80_20_7000_dct30", "chirp", 480, 160, True, 80, 20.0, 7000.0, 30),
    ("op_640_640_mel40_20_4000_dct10", "chirp", 640, 640, True, 40, 20.0, 4000.0, 10),
    ("op_480_160_mel40_125_7500_dct40", "bursts", 480, 160, True, 40, 125.0, 7500.0, 40),
]

DEFAULTS = {
    "sampleRate": RATE, "windowSamples": 640, "strideSamples": 320, "melBands": 40, "lowerHertz": 20.0, "upperHertz": 7000.0,
    "dctCoefficients": 20, "magnitudeSquared": False, "preemphasis": 0.0, "window": "hann", "logFloor": 1e-12,
    "useTfFft": False, "leftPaddingSamples": 0,
}
MFCC_TF = [
    ("tf_defaults", "harmonics", {}),
    ("tf_defaults_bursts", "bursts", {}),
    ("tf_squared_mel80_dct30", "chirp", {"magnitudeSquared": True, "melBands": 80, "dctCoefficients": 30}),
    ("tf_preemphasis_hann_offset_dct10", "harmonics",
     {"preemphasis": 0.97, "window": "hann_offest", "upperHertz": 4000.0, "dctCoefficients": 10}),
    ("tf_preemphasis_squared", "chirp", {"preemphasis": 0.97, "magnitudeSquared": True}),
    ("tf_480_160_log_mel_125_7500", "chirp",
     {"windowSamples": 480, "strideSamples": 160, "lowerHertz": 125.0, "upperHertz": 7500.0, "dctCoefficients": 0}),
    ("tf_480_160_mel80_dct40_7600", "harmonics",
     {"windowSamples": 480, "strideSamples": 160, "melBands": 80, "upperHertz": 7600.0, "dctCoefficients": 40}),
    ("tf_rfft_640_640_floor_1e-6", "bursts",
     {"strideSamples": 640, "logFloor": 1e-6, "useTfFft": True, "window": "hann_tf"}),
    ("tf_left_padding_640", "harmonics", {"leftPaddingSamples": 640, "dctCoefficients": 10}),
]


def mfcc_op(clip, window, stride, squared, bands, lower, upper, dct):
    spectrogram = tf.raw_ops.AudioSpectrogram(
        input=clip[:, None], window_size=window, stride=stride, magnitude_squared=squared)
    mfcc = tf.raw_ops.Mfcc(
        spectrogram=spectrogram, sample_rate=RATE, upper_frequency_limit=upper, lower_frequency_limit=lower,
        filterbank_channel_count=bands, dct_coefficient_count=dct)
    return spectrogram.numpy()[0], mfcc.numpy()[0]


def window_of(kind, length, dtype):
    n = np.arange(length)
    if kind == "hann":
        return tf.constant(0.5 - 0.5 * np.cos(2 * np.pi * n / length), dtype)
    if kind == "hann_offest":
        return tf.constant(0.5 - 0.5 * np.cos(2 * np.pi * (n + 0.5) / length), dtype)
    if kind == "hann_tf":
        return tf.signal.hann_window(length, periodic=True, dtype=dtype)
    raise ValueError(kind)


def magnitude(frames, fft_size, p, dtype):
    if p["useTfFft"]:
        spectrum = tf.signal.rfft(frames, [fft_size])
        real, imaginary = tf.math.real(spectrum), tf.math.imag(spectrum)
    else:
        angle = 2 * np.pi * np.outer(np.arange(p["windowSamples"]), np.arange(fft_size // 2 + 1)) / fft_size
        real, imaginary = frames @ tf.constant(np.cos(angle), dtype), frames @ tf.constant(-np.sin(angle), dtype)
    power = real * real + imaginary * imaginary
    return power if p["magnitudeSquared"] else tf.sqrt(power)


def mfcc_tf(clip, p, dtype):
    """Returns spectrogram [frames, bins], log mel [frames, bands] and features [frames, dct or bands]."""
    x = tf.pad(tf.cast(tf.constant(clip), dtype), [[p["leftPaddingSamples"], 0]])
    frames = tf.signal.frame(x, p["windowSamples"], p["strideSamples"], pad_end=False)
    if p["preemphasis"] != 0:
        k = p["preemphasis"]
        frames = tf.concat([frames[:, :1] * (1 - k), frames[:, 1:] - k * frames[:, :-1]], axis=1)
    frames = frames * window_of(p["window"], p["windowSamples"], dtype)
    fft_size = 1 << int(p["windowSamples"] - 1).bit_length()
    spectrogram = magnitude(frames, fft_size, p, dtype)
    mel = spectrogram @ tf.signal.linear_to_mel_weight_matrix(
        p["melBands"], fft_size // 2 + 1, RATE, p["lowerHertz"], p["upperHertz"], dtype)
    log_mel = tf.math.log(tf.maximum(mel, tf.constant(p["logFloor"], dtype)))
    features, bands, count = log_mel, p["melBands"], p["dctCoefficients"]
    if count > 0:
        angle = np.pi * np.outer(np.arange(bands) + 0.5, np.arange(count)) / bands
        features = log_mel @ tf.constant(np.sqrt(2 / bands) * np.cos(angle), dtype)
    return spectrogram.numpy(), log_mel.numpy(), features.numpy()


def main():
    clips = signals.clips()
    sound = {name: clip.astype(np.float32) / np.float32(32768) for name, clip in clips.items()}
    cases = []
    for index, (name, clip, window, stride, squared, bands, lower, upper, dct) in enumerate(MFCC_OP):
        spectrogram, mfcc = mfcc_op(sound[clip], window, stride, squared, bands, lower, upper, dct)
        attributes = {
            "frontend": "mfcc_op", "sampleRate": RATE, "windowSamples": window, "strideSamples": stride,
            "magnitudeSquared": squared, "melBands": bands, "lowerHertz": lower, "upperHertz": upper, "dctCoefficients": dct}
        outputs = {"spectrogram": spectrogram, "mfcc": mfcc} if index == 0 else {"mfcc": mfcc}
        cases.append(golden_file.case(name, attributes, {"x": signals.reference(clip, 1 / 32768)}, outputs))
    for index, (name, clip, changes) in enumerate(MFCC_TF):
        p = {**DEFAULTS, **changes}
        spectrogram, log_mel, features = mfcc_tf(sound[clip], p, tf.float32)
        spectrogram64, log_mel64, features64 = mfcc_tf(sound[clip], p, tf.float64)
        outputs, reference = {"mfcc": features}, {"mfcc": features64.astype(np.float32)}
        if index == 0:
            outputs.update(spectrogram=spectrogram, logMel=log_mel)
            reference.update(logMel=log_mel64.astype(np.float32))
        print(f"{name}: float32 against float64, largest difference {golden_file.largest_difference(outputs, {'mfcc': features64}):.3g}")
        cases.append(golden_file.case(
            name, {"frontend": "mfcc_tf", **p}, {"x": signals.reference(clip, 1 / 32768)}, outputs, reference={"outputs": reference}))
    source = f"tensorflow {tf.__version__} tf.raw_ops.AudioSpectrogram + Mfcc (mfcc_op), tf.signal and tf.linalg (mfcc_tf)"
    golden_file.write("frontend_tensorflow.json", source, cases, clips)


if __name__ == "__main__":
    main()
