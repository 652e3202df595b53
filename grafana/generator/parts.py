"""Expressions and panels that more than one dashboard has."""

from . import model as m
from . import words as w


def _in_state(state, number):
    return f"{number} * ({m.series('sidetone_monitor_state', state=state)} == 1)"


# The state of a monitor as a number, the worst of its probers at a location.
STATE = f"max by (location, monitor) ({' or '.join(_in_state(state, number) for state, (number, _, _) in w.STATES.items())})"

# The share of the hold that the last line lived; 0 after a probe whose line never came up.
LIVED = (
    f"min by (location, monitor) (({m.series('sidetone_hold_seconds')} or 0 * {m.series('sidetone_monitor_up')})"
    f" / {m.series('sidetone_hold_target_seconds')})"
)


def staleness(select):
    """Intervals since the last probe of each monitor began. The alert on a stalled prober has the same 3."""
    return f"(time() - {select('sidetone_last_probe_timestamp_seconds')}) / {select('sidetone_probe_interval_seconds')}"


STALE = m.steps("green", (2, "orange"), (3, "red"))

NOT_WELL = 'state=~"suspect|down"'

# One series for each monitor that is not well: state, phase, reason and owner as labels, the time since when in milliseconds as its value.
# Labels that the scrape configuration adds are not wanted as columns.
WRONG = (
    f"max by (location, monitor, state, phase, reason, owner) (1000 * {m.series('sidetone_last_failure_info')}"
    f" * on (job, instance, monitor) group_left () {m.series('sidetone_monitor_state_since_timestamp_seconds')}"
    f" * on (job, instance, monitor) group_left (state) ({m.series('sidetone_monitor_state', NOT_WELL)} == 1))"
)

MONITOR_CELL = {"custom_width": 200, "links": [m.to_monitor(m.CELL), m.to_report(m.CELL)]}


def wrong_now(words, **size):
    """What is wrong, in words, and the reason's name in metrics and docs."""
    columns = [
        ("state", "State", {"custom_width": 150, "mappings": w.state_words(), "custom_cellOptions": m.BADGE}),
        ("monitor", "Monitor", MONITOR_CELL),
        ("location", "Location", {"custom_width": 110}),
        ("why", "Why", {"mappings": words.reason_mappings()}),
        ("reason", "Reason", {"custom_width": 190}),
        ("phase", "While", {"custom_width": 200, "mappings": w.phases()}),
        ("owner", "Who must act", {"custom_width": 140}),
        ("Value", "Since", {"custom_width": 150, "unit": "dateTimeFromNow"}),
    ]
    return m.words(
        "What is wrong now",
        "The last failure of every monitor that is suspect or down, and since when it has been so. `Who must act` is explained in docs/reasons.md.",
        f"sort({m.said(WRONG, 'reason', 'why')})",
        columns,
        empty="Nothing is wrong",
        **size,
    )


def findings(words, **size):
    columns = [
        ("monitor", "Monitor", MONITOR_CELL),
        ("location", "Location", {"custom_width": 110}),
        ("meaning", "What the evidence says", {"mappings": words.finding_mappings()}),
        ("finding", "Finding", {"custom_width": 220}),
    ]
    found = f"max by (location, monitor, finding) ({m.series('sidetone_finding')} == 1)"
    return m.words(
        "Findings",
        "What the evidence of the last failed probe proves beyond its reason. The monitor's reports say how sure each is, and what to do.",
        m.said(found, "finding"),
        columns,
        empty="No findings",
        sort="Monitor",
        **size,
    )
