"""`doctor`: is everything there that the service needs, and does the way to it let streams through."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import click
import msgspec

from app.cli.run import KEY_VARIABLE
from app.default_key import KEY_FILE, read_key_file
from app.doctor.examination import examine_way, examined
from app.doctor.finding import Finding, Outcome, fail, worst
from app.doctor.settings_checks import POSTGRESQL
from app.settings import Settings, SettingsError

_MARKS = {Outcome.OK: "ok  ", Outcome.WARN: "warn", Outcome.FAIL: "FAIL"}


@click.command("doctor")
@click.option("--url", help="Also check the way to the service at this public address: proxies, streams, nodes.")
@click.option("--key", help=f"API key for --url; else ${KEY_VARIABLE}, else the default key in the data directory.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(*, url: str | None, key: str | None, as_json: bool) -> None:
    """Check the deployment and say what to do. Exit code: 0 all is well, 1 warnings, 2 failures."""
    findings = _findings(url, key)
    if as_json:
        shown = {"outcome": worst(findings).name.lower(), "findings": [_plain(finding) for finding in findings]}
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
    else:
        _show(findings)
    sys.exit(worst(findings))


def _findings(url: str | None, key: str | None) -> list[Finding]:
    try:
        settings = Settings.load(os.environ)
    except SettingsError as error:
        return [fail("settings", str(problem), "docs/operations.md lists them all") for problem in error.problems]
    findings = examined(settings, os.environ)
    if url is not None:
        findings += _way(settings, url, key)
    return findings


def _way(settings: Settings, url: str, key: str | None) -> list[Finding]:
    key = key or os.environ.get(KEY_VARIABLE) or read_key_file(settings.data_dir / KEY_FILE)
    if not key:
        return [fail("way", "there is no API key to ask with", f"give --key, or set {KEY_VARIABLE}")]
    return list(examine_way(url, key, many_nodes=settings.database_kind == POSTGRESQL))


def _show(findings: Iterable[Finding]) -> None:
    for finding in findings:
        click.echo(f"{_MARKS[finding.outcome]}  {finding.check:16}  {finding.found}")
        if finding.advice:
            click.echo(f"      {'':16}  -> {finding.advice}")


def _plain(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "outcome": finding.outcome.name.lower(),
        "found": finding.found,
        "advice": finding.advice,
    }
