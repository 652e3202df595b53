"""The table of what came out in a run: one row for each probe whose report a case looked at."""

from .sidetone import outcomes


def write(path):
    rows = [_row(case, report) for case, report in outcomes]
    head = "| case | outcome | phase | reason | status | close | lasted | warnings |\n|---|---|---|---|---|---|---|---|\n"
    path.write_text(head + "".join(rows))


def _row(case, report):
    close, hold = report["close"], report["hold"]
    cells = [
        case,
        report["outcome"],
        report["phase"],
        report["reason"],
        (report["upgrade"] or {}).get("status"),
        f"{close['code']} {close['by']} {close['how']}" if close else None,
        f"{hold['lasted_seconds']:.2f} s" if hold else None,
        ", ".join(warning["warning"] for warning in report["warnings"]),
    ]
    return "| " + " | ".join("" if cell is None else str(cell).replace("|", "\\|") for cell in cells) + " |\n"
