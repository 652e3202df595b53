"""Sound as numbers, for the cases and for the Python servers: tones, G.711, WAV files, and what an ear made of it."""

import hashlib
import wave

import numpy as np

LEVEL = 8192
"""The peak of every tone of ours: 12 dB below full scale."""

GREETING_AFTER, GREETING, PAUSE, GREETING_HERTZ = 0.3, 0.4, 0.7, 1000
"""What the servers' agents do: seconds until they speak, for how long, the pause of those that speak twice, and their voice."""


def tone(hertz, seconds, rate):
    """A sine, as 16-bit samples."""
    at = np.arange(round(seconds * rate))
    return np.round(LEVEL * np.sin(2 * np.pi * hertz * at / rate)).astype("<i2")


def sweep(seconds, rate, low=300, high=3000):
    """A sine that climbs: no part of it is like another, so that a lost or repeated frame shows."""
    at = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (low * at + (high - low) * at**2 / (2 * seconds))
    return np.round(LEVEL * np.sin(phase)).astype("<i2")


def mulaw_encode(samples):
    """ITU-T G.711 mu-law, by its definition: sign, segment, four bits."""
    samples = np.asarray(samples, dtype=np.int32)
    magnitude = np.minimum(np.abs(samples), 32635) + 132
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    steps = (magnitude >> (segment + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    return (~(sign | (segment << 4) | steps) & 0xFF).astype(np.uint8).tobytes()


def mulaw_decode(data):
    code = ~np.frombuffer(data, dtype=np.uint8).astype(np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 132) << ((code & 0x70) >> 4)) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2")


def write_wav(path, samples, rate):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, dtype="<i2").tobytes())
    return path


class Ear:
    """Collects 16-bit samples, and says what they were."""

    def __init__(self, rate):
        self.rate = rate
        self.data = bytearray()
        self.frames = 0

    def hear(self, pcm):
        self.data += pcm if isinstance(pcm, (bytes, bytearray)) else pcm.tobytes()
        self.frames += 1

    def summary(self, path=None):
        """What a server writes into its log; the samples themselves go into the file `path`."""
        if path is not None:
            path.write_bytes(self.data)
        return {"frames": self.frames, "bytes": len(self.data), "rate": self.rate, "pcm": str(path), **measure(self.samples(), self.rate)}

    def samples(self):
        return np.frombuffer(bytes(self.data[: len(self.data) // 2 * 2]), dtype="<i2")


def measure(samples, rate):
    """Loudness, and the frequency with the most energy."""
    if len(samples) == 0:
        return {"rms": 0.0, "hertz": 0.0, "sha256": hashlib.sha256().hexdigest()}
    loud = np.asarray(samples, dtype=np.float64)
    spectrum = np.abs(np.fft.rfft(loud * np.hanning(len(loud))))
    spectrum[0] = 0
    return {
        "rms": round(float(np.sqrt(np.mean(loud**2))), 1),
        "hertz": round(float(np.argmax(spectrum) * rate / len(loud)), 1),
        "sha256": hashlib.sha256(np.asarray(samples, dtype="<i2").tobytes()).hexdigest(),
    }


def likeness(heard, sent):
    """How far the error is below the signal, in decibels; mu-law itself leaves about 37."""
    length = min(len(heard), len(sent))
    heard, sent = (np.asarray(part[:length], dtype=np.float64) for part in (heard, sent))
    noise = np.sum((heard - sent) ** 2)
    return float("inf") if noise == 0 else float(10 * np.log10(np.sum(sent**2) / noise))
