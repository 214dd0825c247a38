"""Times features of torchaudio and TensorFlow on one thread; started by features.mjs.

Reads lines {"feature": ..., "library": ..., "clips": ...} from stdin and answers {"us": microseconds a clip of each turn}.
The first line it prints is {"torch": version, "torchaudio": version, "tensorflow": version}.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf
import torch

# As in ../golden: torchaudio refuses a torch built for another CUDA version, and nothing here uses CUDA.
torch.version.cuda = None
import torchaudio

torch.set_num_threads(1)
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

RATE = 16000
# The zeros behind a clip give torchaudio, which centres a window in its transform, as many frames as the others.
FEATURES = {
    "mfcc_tf": {"window": 640, "hop": 320, "points": 1024, "coefficients": 10, "padded": 16384},
    "mfcc_op": {"window": 640, "hop": 320, "points": 1024, "coefficients": 10, "padded": 16384},
    "log_mel": {"window": 480, "hop": 160, "points": 512, "coefficients": 0, "padded": 16032},
}


def mel_arguments(f):
    return dict(
        n_fft=f["points"],
        win_length=f["window"],
        hop_length=f["hop"],
        n_mels=40,
        f_min=20.0,
        f_max=7000.0,
        center=False,
        mel_scale="htk",
    )


def torch_runner(f):
    if f["coefficients"]:
        transform = torchaudio.transforms.MFCC(RATE, n_mfcc=f["coefficients"], log_mels=True, melkwargs=dict(power=1.0, **mel_arguments(f)))
        return transform
    mel = torchaudio.transforms.MelSpectrogram(RATE, power=2.0, **mel_arguments(f))
    return lambda x: torch.log(torch.clamp(mel(x), min=1e-12))


def tensorflow_runner(f):
    bank = tf.signal.linear_to_mel_weight_matrix(40, f["points"] // 2 + 1, RATE, 20.0, 7000.0)

    @tf.function
    def run(audio):
        spectrogram = tf.raw_ops.AudioSpectrogram(
            input=audio, window_size=f["window"], stride=f["hop"], magnitude_squared=True
        )
        if f["coefficients"]:
            return tf.raw_ops.Mfcc(
                spectrogram=spectrogram,
                sample_rate=RATE,
                upper_frequency_limit=7000.0,
                lower_frequency_limit=20.0,
                filterbank_channel_count=40,
                dct_coefficient_count=f["coefficients"],
            )
        return tf.math.log(tf.maximum(tf.tensordot(spectrogram, bank, 1), 1e-12))

    return run


def opened(feature, library, clips):
    f = FEATURES[feature]
    if library == "torchaudio":
        audio = torch.randn(clips, f["padded"]) * 0.1
        run = torch_runner(f)
        return lambda: run(audio)
    # The op takes channels where others take a batch.
    audio = tf.random.normal([RATE, clips]) * 0.1
    run = tensorflow_runner(f)
    return lambda: run(audio)


def main():
    versions = {"torch": torch.__version__, "torchaudio": torchaudio.__version__, "tensorflow": tf.__version__}
    print(json.dumps(versions), flush=True)
    cases = {}
    for line in sys.stdin:
        task = json.loads(line)
        key = (task["feature"], task["library"], task["clips"])
        try:
            if key not in cases:
                cases[key] = opened(*key)
                for _ in range(5):
                    cases[key]()
            times = []
            with torch.inference_mode():
                for _ in range(task["turns"]):
                    start = time.perf_counter()
                    cases[key]()
                    times.append((time.perf_counter() - start) * 1e6 / task["clips"])
            print(json.dumps({"us": times}), flush=True)
        except Exception as error:
            print(json.dumps({"error": str(error)[:500]}), flush=True)


main()
