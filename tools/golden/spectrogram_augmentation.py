"""spectrogram_augmentation.json: SpeechRec's augmentations in the domain of the Fourier transform, from librosa's stft, phase_vocoder,
filters.mel and power_to_db and numpy's interp, with given draws.

Needs librosa 0.11.0, numpy 2. Each case: gain, factor of length, rate of the phase vocoder, frames of shift, and the same of the noise.
"""

import librosa
import numpy as np

import golden_file
import signals

CLIP = 16000


def spectrum(samples, gain, length, rate, shift):
    samples = samples * np.float32(gain)
    if length != 1:
        samples = np.interp(np.arange(0, len(samples), 1 / length), np.arange(len(samples)), samples).astype(np.float32)
    samples = np.pad(samples[:CLIP], (0, max(0, CLIP - len(samples))))
    result = librosa.stft(samples, n_fft=2048, hop_length=512, pad_mode="reflect")
    frames = result.shape[1]
    if rate != 1:
        result = librosa.phase_vocoder(result, rate=rate, hop_length=512)
    if shift >= 0:
        result = result[:, shift:]
    else:
        result = np.pad(result, ((0, 0), (-shift, 0)))
    return np.pad(result[:, :frames], ((0, 0), (0, max(0, frames - result.shape[1]))))


def features(clip, noise, share):
    result = spectrum(*clip)
    if share > 0:
        result = result * (1 - share) + spectrum(*noise) * share
    bank = librosa.filters.mel(sr=16000, n_fft=2048, n_mels=40)
    return librosa.power_to_db(bank @ np.abs(result) ** 2, ref=np.max).T.astype(np.float32)


def main():
    clips = signals.clips()
    sound = {name: clip.astype(np.float32) / np.float32(32768) for name, clip in clips.items()}
    joined = np.concatenate([sound["harmonics"], sound["bursts"]])
    plain = {"gain": 1, "length": 1, "rate": 1, "shift": 0}
    cases = []
    for name, clip, choice, noise in [
        ("plain", "chirp", plain, None),
        ("longer", "chirp", {**plain, "gain": 0.75, "length": 1.1875}, None),
        ("shorter", "chirp", {**plain, "length": 0.8125}, None),
        ("faster_earlier", "harmonics", {**plain, "rate": 1.1875, "shift": 5}, None),
        ("slower_later", "chirp", {**plain, "rate": 0.8125, "shift": -8}, None),
        ("slower_earlier", "chirp", {**plain, "rate": 0.875, "shift": 8}, None),
        ("later", "harmonics", {**plain, "shift": -3}, None),
        ("noise", "chirp", {**plain, "rate": 1.125}, {"piece": 0, "share": 0.375, **plain}),
        ("all", "chirp", {"gain": 1.0625, "length": 1.125, "rate": 0.9375, "shift": 2},
         {"piece": 1, "share": 0.4375, "gain": 0.875, "length": 0.875, "rate": 1.0625, "shift": -4}),
    ]:
        take = lambda x, c: (x, c["gain"], c["length"], c["rate"], c["shift"])
        piece = joined[noise["piece"] * CLIP :][:CLIP] if noise else None
        value = features(take(sound[clip], choice), noise and take(piece, noise), noise["share"] if noise else 0)
        cases.append(golden_file.case(name, {"clip": choice, "noise": noise}, {"x": signals.reference(clip, 2**-15)}, {"features": value}))
    golden_file.write("spectrogram_augmentation.json", f"librosa {librosa.__version__}", cases, clips)


if __name__ == "__main__":
    main()
