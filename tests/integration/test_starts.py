"""A server as a person starts it: the command of `make run`, from nothing, and again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.support.forked_process import ROOT
from tests.support.node import free_port

LINES = 3


def test_a_start_from_nothing_greets_answers_and_ends_with_ctrl_c_and_the_next_finds_all_of_it(tmp_path: Path) -> None:
    first, second = _start(tmp_path), _start(tmp_path)
    assert first["key"] == second["key"]
    assert first["link"] != second["link"]
    assert first["assistants"] == second["assistants"]
    assert len(first["assistants"]) == 4


def _start(directory: Path) -> dict[str, Any]:
    """Start, ask what is there with the key that was printed, press Ctrl-C."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AA_", "OPENAI_"))}
    settings = {"AA_DATA_DIR": str(directory), "AA_PORT": str(port), "AA_LOCAL_MODEL": "off"}
    with subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        cwd=ROOT,
        env=inherited | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = "".join(process.stdout.readline() for _ in range(LINES))
        try:
            address = f"http://127.0.0.1:{port}"
            assert f"is ready on {address}" in told
            link, key = re.search(rf"{address}/sign-in#token=(\S+)", told), re.search(r"aa_live_\S+", told)
            assert link
            assert key
            answer = httpx.get(f"{address}/api/assistants", headers={"Authorization": f"Bearer {key[0]}"})
            assert answer.status_code == 200
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    return {"link": link[1], "key": key[0], "assistants": sorted(one["id"] for one in answer.json()["items"])}
