"""frontend_torchaudio.json: torchaudio's MelSpectrogram, MFCC and AmplitudeToDB, librosa's mel filters, and the log-mel
front end of the feature archive (../shared/data/README.md) written in numpy float64.

Needs torch 2.15.0, torchaudio 2.11.0, librosa 0.11.0, numpy 2.4.6. torchaudio refuses to load beside a torch that was
built for another CUDA version; only the CPU is used here, so the version that it compares is hidden from it.
"""

from functools import partial

import librosa
import numpy as np
import torch

torch.version.cuda = None

import torchaudio
import torchaudio.transforms as transforms

import golden_file
import signals

RATE = signals.RATE
MEL_DEFAULTS = {
    "sample_rate": RATE, "n_fft": 400, "win_length": None, "hop_length": None, "f_min": 0.0, "f_max": None, "pad": 0,
    "n_mels": 128, "power": 2.0, "normalized": False, "center": True, "pad_mode": "reflect", "norm": None, "mel_scale": "htk",
}
MEL_CASES = [
    ("mel_defaults_mel32", "chirp", {"n_mels": 32}),
    ("mel_512_400_160_mel40", "harmonics", {"n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 40}),
    ("mel_1024_640_320_power1_not_centred", "bursts",
     {"n_fft": 1024, "win_length": 640, "hop_length": 320, "n_mels": 40, "f_min": 20.0, "f_max": 4000.0, "power": 1.0, "center": False}),
    ("mel_512_480_160_slaney", "harmonics",
     {"n_fft": 512, "win_length": 480, "hop_length": 160, "n_mels": 40, "f_max": 8000.0, "norm": "slaney", "mel_scale": "slaney"}),
    ("mel_512_512_256_normalized_zero_padding", "chirp",
     {"n_fft": 512, "hop_length": 256, "n_mels": 40, "normalized": True, "pad_mode": "constant", "f_min": 60.0, "f_max": 7800.0}),
]
MFCC_CASES = [
    ("mfcc_db_40", "harmonics", {"n_mfcc": 40, "log_mels": False}, {"n_fft": 512, "win_length": 480, "hop_length": 160, "n_mels": 40}),
    ("mfcc_log_10", "bursts", {"n_mfcc": 10, "log_mels": True},
     {"n_fft": 1024, "win_length": 640, "hop_length": 320, "n_mels": 40, "f_min": 20.0, "f_max": 4000.0, "center": False}),
    ("mfcc_db_13_slaney", "chirp", {"n_mfcc": 13, "log_mels": False},
     {"n_fft": 512, "win_length": 400, "hop_length": 200, "n_mels": 23, "norm": "slaney", "mel_scale": "slaney"}),
]
DB_CASES = [("db_power_80", "power", 80.0), ("db_power_none", "power", None), ("db_magnitude_60", "magnitude", 60.0)]


def in_precision(dtype, make_transform, clip):
    """[features, frames] of torchaudio turned to [frames, features]. The default dtype is that of the tables, too."""
    torch.set_default_dtype(dtype)
    result = make_transform()(torch.from_numpy(clip).to(dtype)).numpy().T
    torch.set_default_dtype(torch.float32)
    return result


def front_end_case(name, make_transform, attributes, clip_name, clip, output):
    single = in_precision(torch.float32, make_transform, clip)
    double = in_precision(torch.float64, make_transform, clip)
    relative = np.max(np.abs(single - double)) / np.max(np.abs(double))
    print(f"{name}: float32 against float64, largest difference {relative:.3g} of the largest value")
    return golden_file.case(
        name, attributes, {"x": signals.reference(clip_name, 1 / 32768)}, {output: single},
        reference={"outputs": {output: double.astype(np.float32)}})


def torchaudio_cases(sound):
    for name, clip, changes in MEL_CASES:
        parameters = {**MEL_DEFAULTS, **changes}
        attributes = {"frontend": "torchaudio.MelSpectrogram", **parameters}
        make = partial(transforms.MelSpectrogram, **parameters)
        yield front_end_case(name, make, attributes, clip, sound[clip], "mel")
    for name, clip, options, changes in MFCC_CASES:
        parameters = {key: value for key, value in {**MEL_DEFAULTS, **changes}.items() if key != "sample_rate"}
        make = partial(transforms.MFCC, RATE, melkwargs=parameters, **options)
        attributes = {
            "frontend": "torchaudio.MFCC", "sample_rate": RATE, "dct_type": 2, "norm": "ortho", **options,
            "amplitudeToDecibel": None if options["log_mels"] else {"stype": "power", "top_db": 80.0},
            "logOffset": 1e-6 if options["log_mels"] else None, "melkwargs": parameters}
        yield front_end_case(name, make, attributes, clip, sound[clip], "mfcc")
    for name, kind, top in DB_CASES:
        values = (10.0 ** golden_file.random(name).uniform(-14, 3, (12, 9))).astype(np.float32)
        values[0, :3] = 0
        outputs = {"y": transforms.AmplitudeToDB(kind, top)(torch.from_numpy(values)).numpy()}
        yield golden_file.case(name, {"frontend": "torchaudio.AmplitudeToDB", "stype": kind, "top_db": top}, {"x": values}, outputs)


def librosa_cases():
    for name, p in [
        ("librosa_mel_slaney", {"sr": RATE, "n_fft": 512, "n_mels": 40, "fmin": 0.0, "fmax": 8000.0, "htk": False, "norm": "slaney"}),
        ("librosa_mel_htk", {"sr": RATE, "n_fft": 512, "n_mels": 20, "fmin": 20.0, "fmax": 7000.0, "htk": True, "norm": None}),
    ]:
        weights = librosa.filters.mel(**p, dtype=np.float64)
        yield golden_file.case(name, {"frontend": "librosa.filters.mel", **p}, {}, {"weights": weights.T.astype(np.float32)})


def archive(samples):
    """The recipe of ../shared/data/README.md, step by step, in float64. `samples`: int16 values, not scaled."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(480) / 480)
    frames = np.stack([samples[start : start + 480] for start in range(0, 98 * 160, 160)]) * window
    power = np.abs(np.fft.rfft(frames, 512)) ** 2 / 480
    mel = lambda hertz: 1127 * np.log(1 + hertz / 700)
    edges = np.linspace(mel(0.0), mel(4000.0), 42)
    bins = mel(np.arange(257) * RATE / 512)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    mel_power = power @ np.maximum(0, np.minimum(rise, fall))
    return mel_power, 10 * np.log(1 + mel_power)


def archive_cases(clips):
    for clip in clips:
        mel_power, value = archive(clips[clip].astype(np.float64))
        outputs = {"value": value.astype(np.float32), "pixels": np.clip(np.round(value), 0, 255).astype(np.uint8)}
        if clip == "chirp":
            outputs["melPower"] = mel_power.astype(np.float32)
        attributes = {
            "frontend": "archive", "sampleRate": RATE, "windowSamples": 480, "strideSamples": 160, "fftSize": 512, "melBands": 40,
            "lowerHertz": 0.0, "upperHertz": 4000.0, "powerScale": "1/480", "value": "10 ln(1 + mel power)",
            "computedWith": f"numpy {np.__version__} float64", "inputIsInt16Value": True}
        yield golden_file.case(f"archive_{clip}", attributes, {"x": signals.reference(clip, 1)}, outputs)


def main():
    torch.set_num_threads(1)
    clips = signals.clips()
    sound = {name: clip.astype(np.float32) / np.float32(32768) for name, clip in clips.items()}
    cases = [*torchaudio_cases(sound), *librosa_cases(), *archive_cases(clips)]
    source = (f"torchaudio {torchaudio.__version__.split('+')[0]} on torch {torch.__version__.split('+')[0]}, "
              f"librosa {librosa.__version__}, numpy {np.__version__} (archive)")
    golden_file.write("frontend_torchaudio.json", source, cases, clips)


if __name__ == "__main__":
    main()
