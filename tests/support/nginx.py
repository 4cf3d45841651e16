"""A real nginx with the configuration we ship, before nodes on loopback ports."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.forked_process import ROOT
from tests.support.node import free_port

CONFIGURATION = ROOT / "deploy" / "nginx" / "nginx.conf"
READY_SECONDS = 10.0


def find_nginx() -> str:
    """Where it is; a test that needs one is skipped without, which in CI is a failure."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("needs nginx (Debian, Ubuntu: apt install nginx-light)")
    return found


def configuration(directory: Path, port: int, nodes: Sequence[int]) -> str:
    """What we ship, but for names that are only there in a deployment: the nodes, the port, the temporary directory."""
    text = CONFIGURATION.read_text()
    servers = re.findall(r"server web-\d:8000([^;]*);", text)
    assert len(servers) == 2
    ours = "\n".join(f"server 127.0.0.1:{node}{servers[0]};" for node in nodes)
    text = re.sub(r"(?:server web-\d:8000[^;]*;\s*)+", f"{ours}\n", text)
    text, listening = re.subn(r"listen 8080;", f"listen 127.0.0.1:{port};", text)
    assert listening == 1
    user = "user root;\n" if os.geteuid() == 0 else ""
    return user + text.replace("/tmp/", f"{directory}/").replace("worker_processes auto", "worker_processes 2")


@asynccontextmanager
async def running_nginx(directory: Path, nodes: Sequence[int]) -> AsyncIterator[str]:
    """Its address. `nodes` are the ports it leads to."""
    program, port = find_nginx(), free_port()
    file = directory / "nginx.conf"
    file.write_text(configuration(directory, port, nodes))
    log = (directory / "nginx.log").open("w")
    command = [program, "-p", str(directory), "-c", str(file), "-e", "stderr", "-g", "daemon off;"]
    process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await _listens(port):
                assert process.returncode is None, (directory / "nginx.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
        log.close()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    return True
