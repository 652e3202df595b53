"""Slugs as sentences: value mappings for states, reasons, findings and warnings."""

import json
import re
import subprocess
from dataclasses import dataclass

# A state as a number, so that `max` is the worst one. The colours are legible without the text and the text without the colours.
STATES = {"ok": (0, "OK", "green"), "unknown": (1, "NOT KNOWN YET", "blue"), "suspect": (2, "SUSPECT", "orange"), "down": (3, "DOWN", "red")}

PHASES = {
    "webhook": "asking the webhook",
    "resolve": "looking up the name",
    "connect": "connecting",
    "tls": "TLS handshake",
    "upgrade": "WebSocket upgrade",
    "hold": "holding the line",
    "close": "saying goodbye",
}


def mapping(results):
    """A value mapping of texts (or of a text and a colour) by value."""
    options = {}
    for index, (value, result) in enumerate(results.items()):
        text, *colour = result if isinstance(result, tuple) else (result,)
        options[str(value)] = {"index": index, "text": text, **({"color": colour[0]} if colour else {})}
    return {"type": "value", "options": options}


def state_numbers():
    return [mapping({number: (text, colour) for number, text, colour in STATES.values()})]


def state_words():
    return [mapping({word: (text, colour) for word, (_, text, colour) in STATES.items()})]


def phases():
    return [mapping(PHASES)]


def yes_no(yes, no, yes_colour="green", no_colour="red"):
    """For gauges that are 0 or 1."""
    return [mapping({1: (yes, yes_colour), 0: (no, no_colour)})]


@dataclass
class Words:
    """What each slug means, as sidetone says it."""

    reasons: dict
    findings: dict
    warnings: dict

    @classmethod
    def of(cls, program, docs):
        listed = subprocess.run([str(program), "reasons", "--json"], check=True, capture_output=True, text=True).stdout
        return cls(
            reasons={row["reason"]: sentence(row["explains"]) for row in json.loads(listed)},
            findings=table(docs / "diagnosis.md", "finding"),
            warnings=table(docs / "reasons.md", "warning"),
        )

    def reason_mappings(self):
        # Every status has a reason, and the list has those that are explained.
        status = {"pattern": r"^http_(\d{3})$", "result": {"text": "HTTP status $1 where the 101 was due."}}
        return [mapping(self.reasons), {"type": "regex", "options": status}]

    def finding_mappings(self):
        return [mapping(self.findings)]

    def warning_mappings(self):
        return [mapping(self.warnings)]


def sentence(text):
    text = text[:1].upper() + text[1:] if text[:1].islower() and not text.startswith("http") else text
    return text if text.endswith(".") else text + "."


def table(page, column):
    """The two-column table of a page whose first column has this title."""
    lines = iter(page.read_text().splitlines())
    for line in lines:
        if re.fullmatch(rf"\| {column} \|.*", line):
            break
    else:
        raise ValueError(f"{page} has no table with a column `{column}`")
    next(lines)
    rows = {}
    for line in lines:
        row = re.fullmatch(r"\| `(\w+)` \| (.*) \|", line)
        if not row:
            return rows
        rows[row[1]] = plain(row[2])
    return rows


def plain(text):
    """Markdown of a table's cell as text."""
    return text.replace("`", "").replace("&lt;", "<").replace("&amp;", "&")
