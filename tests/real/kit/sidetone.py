"""Runs `sidetone probe … --json` and holds the report against what a case states."""

import json
import os
import subprocess

EXIT_OF = {"success": 0, "failure": 1, "inconclusive": 3}
"""The exit codes of the command line."""

MACHINE_WARNINGS = {"pacing_starved"}
"""Warnings about a busy test machine, not about the server."""

MACHINE_REASONS = {"prober_overloaded", "pacing_starved"}
"""The prober says that this machine was too busy to judge; the only results that are asked for again."""

ATTEMPTS = 3

outcomes = []
"""What came out, in order: rows for the table of the run."""


class Sidetone:
    """The program under test."""

    def __init__(self, binary):
        self.binary = str(binary)
        self.case = ""

    def probe(self, url, *options, hold="400ms", prefix=(), env=None, timeout=60):
        """Probes once and returns the report; again only if sidetone itself says that the machine was too busy to judge."""
        for _ in range(ATTEMPTS):
            report = self.dial(url, *options, hold=hold, prefix=prefix, env=env).report(timeout)
            if report.reason not in MACHINE_REASONS:
                break
        return report

    def dial(self, url, *options, hold="400ms", prefix=(), env=None):
        """Starts a probe that goes on while the case does something to the server."""
        command = [*prefix, self.binary, "probe", url, "--json", "--hold", hold, *map(str, options)]
        return Dialling(command, self.case, env)

    def diagnose(self, url, *options, hold="400ms", timeout=120):
        """A probe and its follow-up checks, as a report; again as with `probe`."""
        for _ in range(ATTEMPTS):
            done = self.run("diagnose", url, "--json", "--hold", hold, *options, timeout=timeout)
            try:
                report = Report(json.loads(done.stdout)["report"], done.returncode, self.case)
            except ValueError:
                raise AssertionError(f"no report, exit {done.returncode}\n{done.stdout}{done.stderr}") from None
            if report.reason not in MACHINE_REASONS:
                break
        return report

    def run(self, *arguments, prefix=(), env=None, timeout=60):
        """Any other command, to its end."""
        command = [*prefix, self.binary, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env={**os.environ, **(env or {})})


class Dialling:
    """A probe that is under way."""

    def __init__(self, command, case, env):
        self.command, self.case = command, case
        environment = {**os.environ, **(env or {})}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def report(self, timeout=60):
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise AssertionError(f"no end within {timeout} s: {' '.join(self.command)}") from None
        try:
            report = json.loads(out)
        except ValueError:
            raise AssertionError(f"no report, exit {self.process.returncode}: {' '.join(self.command)}\n{out}{err}") from None
        return Report(report, self.process.returncode, self.case)


class Report:
    """A report, and the two or three things that a case may state about it."""

    def __init__(self, json_report, exit_code, case):
        self.json, self.exit_code = json_report, exit_code
        outcomes.append((case, json_report))

    @property
    def reason(self):
        return self.json["reason"]

    @property
    def status(self):
        return (self.json["upgrade"] or {}).get("status")

    @property
    def lasted(self):
        return self.json["hold"]["lasted_seconds"]

    @property
    def findings(self):
        """What is found, the named cause first."""
        return [(finding["finding"], finding["confidence"]) for finding in self.json["findings"]]

    @property
    def warnings(self):
        return {warning["warning"] for warning in self.json["warnings"]} - MACHINE_WARNINGS

    def succeeds(self, warnings=(), close=(1000, "prober", "close_frame"), **facts):
        """Success, with our goodbye answered and no warning but these."""
        self._is("success", None, None, close=close, **facts)
        self._equal("warnings", self.warnings, set(warnings))

    def fails(self, reason, phase, close=None, **facts):
        """Failure for this reason (or one of several, where the kernel's timing decides)."""
        self._is("failure", reason, phase, close=close, **facts)

    def is_inconclusive(self, reason, phase, **facts):
        """The fault is provably the prober's."""
        self._is("inconclusive", reason, phase, **facts)

    def _is(self, outcome, reason, phase, close=None, status=None, owner=None, lasted=None):
        self._equal("outcome", self.json["outcome"], outcome)
        self._among("reason", self.reason, reason)
        self._equal("exit code", self.exit_code, EXIT_OF[outcome])
        self._equal("phase", self.json["phase"], phase)
        if close is not None:
            code, by, how = close
            self._equal("close.code", self.json["close"]["code"], code)
            self._equal("close.by", self.json["close"]["by"], by)
            self._among("close.how", self.json["close"]["how"], how)
        if status is not None:
            self._equal("upgrade.status", self.status, status)
        if owner is not None:
            self._equal("owner", self.json["owner"], owner)
        if lasted is not None:
            least, most = lasted
            assert least <= self.lasted <= most, self._say(f"hold.lasted_seconds is {self.lasted}, not in {least}..{most}")

    def _equal(self, what, found, wanted):
        assert found == wanted, self._say(f"{what} is {found!r}, not {wanted!r}")

    def _among(self, what, found, wanted):
        wanted = wanted if isinstance(wanted, (set, tuple)) else {wanted}
        assert found in wanted, self._say(f"{what} is {found!r}, not {' or '.join(map(repr, sorted(wanted, key=str)))}")

    def _say(self, message):
        return f"{message}\n{json.dumps(self.json, indent=1)}"
