"""The child process that serves the bundled model: `python -m lib.streaming.providers.local_child MODEL_FILE`.

The key that requests must carry comes in LOCAL_MODEL_KEY. Prints its address on the first line of standard output
once it is ready, and ends when its standard input closes: so it cannot outlive its parent, whatever killed that.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

#: Requests served side by side, each with its equal share of the context: none can take another's.
PARALLEL = 4
CONTEXT_TOKENS = 8192
#: One level more is ten lines of log a request.
WARNINGS = 2


def main() -> None:
    _go_only_with_the_parent()
    address = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nobody reads the pipe after the address: what the server prints goes to the log
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.api_keys = [os.environ["LOCAL_MODEL_KEY"]]
    params.model_alias = {"smollm2"}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_parallel, params.n_ctx = PARALLEL, CONTEXT_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = PARALLEL + 1
    params.cache_ram_mib = 0  # by default it keeps up to 8 GiB of states of prompts that are over
    params.endpoint_slots = params.ui = False
    params.verbosity = WARNINGS
    server = xllamacpp.Server(params)
    address.write(f"{server.listening_address}\n")
    address.close()
    sys.stdin.buffer.read()
    os._exit(0)  # the server has threads of its own that would hold the exit


def _go_only_with_the_parent() -> None:
    """A service manager signals every process at once; the parent still needs this one while it drains."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    main()
