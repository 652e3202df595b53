"""A call: one probe in a provider's dialect against one of our voice servers, and what both sides say of it."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from .audio import GREETING_AFTER, LEVEL, likeness, sweep, write_wav

TONE_HERTZ = 400
"""What sidetone says with `say = "tone"`, at `LEVEL`."""

AT_ONCE = 5
"""Calls at the same time: most of a call is waiting, and the machine has to keep up with the audio of all of them."""

SPEECH_SECONDS = 1.2

GREETED = (GREETING_AFTER - 0.15, GREETING_AFTER + 0.4)
"""When the first audio of an agent that greets is heard: a busy machine reads the 101 late, or the audio."""

_cases = itertools.count(1)


class Call:
    """The report of the probe, and the events that the server wrote for it: each has the name of the case, the last part of the URL."""

    def __init__(self, program, server, path, dialect, *settings, hold="1200ms", base=None, options=(), env=None):
        self.server, self.case = server, f"case{next(_cases)}"
        url = f"{base or f'ws://127.0.0.1:{server.port}'}{path}"
        url += self.case if url.endswith("=") else f"/{self.case}"
        sets = [part for setting in settings for part in ("--set", setting)]
        self.report = program.probe(url, "--dialect", dialect, *sets, *options, hold=hold, env=env)

    @property
    def close(self):
        """What the server summed up at the end."""
        return self.event("close")

    def event(self, event, **fields):
        return self.server.wait_event(event, case=self.case, **fields)

    def events(self, event, **fields):
        """All of this kind, once the server has seen the end."""
        self.event("close")
        return self.server.events(event, case=self.case, **fields)


class Together:
    """Calls that are made several at a time, from a mapping of functions. One that fails fails the cases that ask for it."""

    def __init__(self, calls):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            self._done = {key: pool.submit(call) for key, call in calls.items()}

    def __getitem__(self, key):
        return self._done[key].result()


def speech_file(directory, rate):
    """A WAV file of a sound no part of which is like another, and its samples."""
    samples = sweep(SPEECH_SECONDS, rate)
    return write_wav(directory / f"speech-{rate}.wav", samples, rate), samples


def heard_tone(heard, hertz=TONE_HERTZ):
    """A server's summary of its ear is that of our tone."""
    assert abs(heard["hertz"] - hertz) < 4, heard
    assert abs(heard["rms"] * 2**0.5 - LEVEL) < 0.03 * LEVEL, heard


def heard_speech(heard, samples, exact=False, decibels=30):
    """What the server heard begins with these samples, as far as the call went."""
    got = np.frombuffer(Path(heard["pcm"]).read_bytes(), dtype="<i2")[: len(samples)]
    assert len(got) >= 0.9 * len(samples), (len(got), len(samples))
    if exact:
        assert np.array_equal(got, samples[: len(got)])
    else:
        close = likeness(got, samples)
        assert close > decibels, f"{close:.1f} dB"


def measured(call, first=None, bytes_received=None, gap=None, rate=None, frames=None):
    """What the report says of the audio that came."""
    audio = call.report.json["audio"]
    for key, bounds in (("first_audio_seconds", first), ("longest_gap_seconds", gap), ("bytes_per_second", rate)):
        assert bounds is None or (audio[key] is not None and bounds[0] <= audio[key] <= bounds[1]), (key, bounds, audio)
    for key, value in (("bytes_received", bytes_received), ("frames_received", frames)):
        assert value is None or audio[key] == round(value), (key, value, audio)
