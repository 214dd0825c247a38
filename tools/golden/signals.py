"""Three made-up clips of one second at 16 kHz, as int16: a swept tone, a voice-like harmonic stack, bursts of noise.

Needs numpy 2. All of them carry noise: without it the quiet mel bands would hold nothing but the rounding of
whoever computed them, and no two implementations could agree on their logarithm.
"""

import numpy as np

RATE = 16000


def _quantize(samples):
    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)


def _noise(seed):
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(RATE)


def chirp():
    """100 Hz to 7 kHz, logarithmic, with 3 Hz of amplitude modulation."""
    t = np.arange(RATE) / RATE
    growth = np.log(7000.0 / 100.0)
    phase = 2 * np.pi * 100.0 * (np.exp(growth * t) - 1) / growth
    return _quantize(0.4 * (0.6 + 0.4 * np.cos(2 * np.pi * 3 * t)) * np.sin(phase) + 0.01 * _noise(1))


def harmonics():
    """140 Hz with vibrato, 40 harmonics under three moving formants, one syllable of 0.6 s."""
    t = np.arange(RATE) / RATE
    pitch = 140.0 * (1 + 0.1 * t + 0.02 * np.sin(2 * np.pi * 5 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    formants = [(600 + 200 * t, 90.0), (1800 - 500 * t, 140.0), (2700 + 0 * t, 220.0)]
    voice = np.zeros(RATE)
    for k in range(1, 41):
        gain = sum(1 / (1 + ((k * pitch - centre) / width) ** 2) for centre, width in formants)
        voice += np.where(k * pitch < 7800, gain, 0) * np.sin(k * phase + k * k)
    envelope = np.clip((t - 0.2) / 0.05, 0, 1) * np.clip((0.8 - t) / 0.15, 0, 1)
    return _quantize(0.15 * envelope * voice + 0.005 * _noise(2))


def bursts():
    """Four decaying bursts of coloured noise; the last 2,000 samples are digital silence (the floor of the logarithm)."""
    t = np.arange(RATE) / RATE
    white = _noise(3)
    brown = np.convolve(white, 0.9 ** np.arange(64))[:RATE]
    decay = sum(np.where(t >= start, np.exp(-12 * np.maximum(t - start, 0)), 0) for start in (0.05, 0.3, 0.45, 0.7))
    samples = 0.08 * decay * brown + 0.02 * decay * white + 0.003 * _noise(4)
    samples[-2000:] = 0
    return _quantize(samples)


def clips():
    """int16 clips by name. As sound in [-1, 1): divide by 32768 (exact in float32)."""
    return {"chirp": chirp(), "harmonics": harmonics(), "bursts": bursts()}


def reference(name, scale):
    """How a case names one of the clips as its input: the shared tensor times `scale`."""
    return {"tensor": name, "scale": scale}
