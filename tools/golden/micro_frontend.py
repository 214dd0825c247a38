"""micro_frontend.json: TensorFlow's integer micro front end, windows of transforms from 32 to 2,048 points, by TensorFlow's own operation.

Needs tensorflow-cpu 2.21.0, numpy 2.4.6. (The microfrontend that pymicro-features builds is no substitute: its tables are computed in
single precision, and some entries differ by one.)
Noise reduction, gain control and logarithm are set as micro_speech and microWakeWord set them, which are the operation's defaults.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf
from tensorflow.lite.experimental.microfrontend.python.ops import audio_microfrontend_op

import golden_file
import signals

# 16 bands from 500 to 7,000 Hz: the shortest transform, of 32 points, has a bin for every one of them.
FEW, DEFAULT, MICRO_WAKE_WORD = (16, 500.0, 7000.0), (32, 125.0, 7500.0), (40, 125.0, 7500.0)

CASES = [
    # window ms, stride ms (a stride longer than the window makes the original write outside its memory), clip, bands
    (2, 2, "harmonics", FEW),
    (3, 3, "harmonics", FEW),
    (7, 7, "harmonics", FEW),
    (7, 7, "bursts", FEW),
    (15, 15, "harmonics", FEW),
    (25, 10, "chirp", DEFAULT),
    (30, 20, "harmonics", FEW),
    (30, 20, "chirp", MICRO_WAKE_WORD),
    (40, 20, "harmonics", FEW),
    (40, 20, "bursts", MICRO_WAKE_WORD),
    (100, 20, "harmonics", FEW),
]


def features(samples, window, stride, bands, lower, upper):
    found = audio_microfrontend_op.audio_microfrontend(
        tf.constant(samples), sample_rate=signals.RATE, window_size=window, window_step=stride, num_channels=bands, lower_band_limit=lower, upper_band_limit=upper)
    return found.numpy().astype(np.int32)


def main():
    clips = signals.clips()
    cases = [
        golden_file.case(
            f"{window}ms_{bands}_{clip}", {"melBands": bands, "lowerHertz": lower, "upperHertz": upper, "windowMs": window, "strideMs": stride},
            {"x": signals.reference(clip, 2**-15)}, {"features": features(clips[clip], window, stride, bands, lower, upper)})
        for window, stride, clip, (bands, lower, upper) in CASES
    ]
    golden_file.write("micro_frontend.json", "TensorFlow's audio_microfrontend", cases, clips)


if __name__ == "__main__":
    main()
