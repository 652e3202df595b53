#!/usr/bin/env python3
"""Writes grafana/dashboards/*.json. Standard library only.

    SIDETONE_BIN=target/release/sidetone grafana/build.py           write them anew
    SIDETONE_BIN=target/release/sidetone grafana/build.py --check   say whether the files are up to date; 1 if not

`SIDETONE_BIN` is the program whose `reasons --json` gives the sentences; `sidetone` of the PATH if it is not set. The sentences of
findings and warnings come from docs/diagnosis.md and docs/reasons.md, which are made from the code. Dashboards are not edited by
hand: `generator/` has one module for each, and what they share in `model.py` and `words.py`.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from generator import monitor, prober, wall
from generator.words import Words

HERE = Path(__file__).parent
DASHBOARDS = HERE / "dashboards"


def rendered(program, docs):
    """The text of every file, by its name."""
    words = Words.of(program, docs)
    made = [wall.dashboard(words), monitor.dashboard(words), prober.dashboard(words)]
    return {f"{one['uid']}.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n" for one in made}


def main():
    parser = argparse.ArgumentParser(description="Writes the Grafana dashboards.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file is not as it would be written")
    check = parser.parse_args().check
    stale = []
    for name, text in rendered(os.environ.get("SIDETONE_BIN", "sidetone"), HERE.parent / "docs").items():
        path = DASHBOARDS / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text)
    for name in stale:
        print(f"{name}: {'not as the generator writes it' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
