"""A call: one probe in a provider's dialect against one of our voice servers, and what both sides say of it."""

from pathlib import Path

import numpy as np

from .audio import LEVEL, likeness, sweep, write_wav

TONE_HERTZ = 400
"""What sidetone says with `say = "tone"`, at `LEVEL`."""

CALLER = ("call.from=+12025550123", "call.to=+12025550124")

MULAW = "audio.codec=mulaw"

SPEECH_SECONDS = 1.2


class Call:
    """The report of the probe, and the events that the server wrote for it."""

    def __init__(self, sidetone, server, path, dialect, *settings, hold="1500ms", base=None, options=(), env=None):
        self.server = server
        self.since = server.settled()
        url = f"{base or f'ws://127.0.0.1:{server.port}'}{path}"
        sets = [part for setting in settings for part in ("--set", setting)]
        self.report = sidetone.probe(url, "--dialect", dialect, *sets, *options, hold=hold, env=env)

    @property
    def close(self):
        """What the server summed up at the end."""
        return self.event("close")

    def event(self, event, **fields):
        return self.server.wait_event(event, self.since, **fields)

    def events(self, event, **fields):
        """All of this kind, once the server has seen the end."""
        self.event("close")
        return self.server.events(event, self.since, **fields)


def speech_file(directory, rate):
    """A WAV file of a sound no part of which is like another, and its samples."""
    samples = sweep(SPEECH_SECONDS, rate)
    return write_wav(directory / f"speech-{rate}.wav", samples, rate), samples


def heard_tone(heard, hertz=TONE_HERTZ):
    """A server's summary of its ear is that of our tone."""
    assert abs(heard["hertz"] - hertz) < 4, heard
    assert abs(heard["rms"] * 2**0.5 - LEVEL) < 0.03 * LEVEL, heard


def samples_of(heard):
    return np.frombuffer(Path(heard["pcm"]).read_bytes(), dtype="<i2")


def heard_speech(heard, samples, exact=False, decibels=30):
    """What the server heard begins with these samples, as far as they go."""
    got = samples_of(heard)[: len(samples)]
    assert len(got) >= 0.95 * len(samples), (len(got), len(samples))
    if exact:
        assert np.array_equal(got, samples[: len(got)])
    else:
        close = likeness(got, samples)
        assert close > decibels, f"{close:.1f} dB"


def measured(call, first=None, bytes_received=None, gap=None, rate=None, frames=None):
    """What the report says of the audio that came."""
    audio = call.report.json["audio"]
    among(audio, "first_audio_seconds", first)
    among(audio, "longest_gap_seconds", gap)
    among(audio, "bytes_per_second", rate)
    for key, value in (("bytes_received", bytes_received), ("frames_received", frames)):
        assert value is None or audio[key] == round(value), (key, value, audio)


def among(audio, key, bounds):
    if bounds is not None:
        assert audio[key] is not None and bounds[0] <= audio[key] <= bounds[1], (key, bounds, audio)
