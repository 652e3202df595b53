"""Wall: who is down, since when, and why, from five metres."""

from . import model as m
from . import words as w
from .parts import LIVED, STALE, STATE, findings, staleness, wrong_now


def dashboard(words):
    panels = [
        *counts(),
        m.stat(
            "Monitors",
            "One tile for each monitor and location, the worst first. A click leads to the monitor's dashboard.",
            [m.now(f"sort_desc({STATE})", "{{monitor}} {{location}}")],
            names=True,
            width=24,
            height=7,
            mappings=w.state_numbers(),
            links=[m.to_monitor(), m.to_report()],
            noValue="NO DATA: is sidetone scraped?",
        ),
        wrong_now(words, width=24, height=7),
        m.timeline(
            "States",
            "How each monitor stood. Gaps are times without data.",
            [m.target(STATE, "{{monitor}} {{location}}")],
            width=14,
            mappings=w.state_numbers(),
            links=[m.to_monitor(), m.to_report()],
        ),
        lived(),
        findings(words, width=24, height=6),
    ]
    return m.dashboard(
        "sidetone-wall",
        "sidetone / Wall",
        "Every monitor at a glance, for a screen on the wall.",
        panels,
        variables=m.variables(m.monitor_variable(), m.SIDETONE_URL),
        annotation=m.alerts(),
        since="now-3h",
        links=[m.link("sidetone", "${sidetone_url}/", "The page that sidetone serves", outside=True)],
    )


def counts():
    def count(name, state, colour, description):
        query = m.now(f"sum({m.series('sidetone_monitor_state', state=state)})")
        return m.stat(name, description, [query], width=4, height=3, unit="short", decimals=0, thresholds=m.steps(*colour), noValue="NO DATA")

    red, orange, blue = (("green", (1, colour)) for colour in ("red", "orange", "blue"))
    return [
        count("Down", "down", red, "Monitors that are down: their failure has been confirmed."),
        count("Suspect", "suspect", orange, "Monitors whose last probe failed, and whose failure is being confirmed."),
        count("Not known yet", "unknown", blue, "Monitors without a conclusive probe so far."),
        count("OK", "ok", ("red", (1, "green")), "Monitors that are as they should be."),
        m.stat(
            "Probers scraped",
            "The share of sidetone's processes that Prometheus reaches. Without them nothing on this wall is true.",
            [m.now(f"avg({m.prober('up')})")],
            width=4,
            height=3,
            unit="percentunit",
            thresholds=m.steps("red", (1, "green")),
            noValue="NONE",
        ),
        m.stat(
            "Stalest monitor",
            "Intervals since the last probe began, of the monitor that has waited longest. Above 3 its tile is old news.",
            [m.now(f"max({staleness(m.series)})")],
            width=4,
            height=3,
            unit="none",
            decimals=1,
            thresholds=STALE,
            noValue="NO DATA",
        ),
    ]


def lived():
    return m.bars(
        "How long the line lived, of its target",
        "The last probe's line against the time for which it was to be held, at the worst location. 0 % if the line never came up. An agent that may hang up early (`min_hold`) can be well below 100 %.",
        [m.now(f"sort({LIVED})", "{{monitor}} {{location}}")],
        width=10,
        unit="percentunit",
        min=0,
        max=1,
        thresholds=m.steps("red", (0.5, "orange"), (0.99, "green")),
        links=[m.to_monitor(), m.to_report()],
    )
