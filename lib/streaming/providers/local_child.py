"""The child process that serves the bundled model: `python -m lib.streaming.providers.local_child MODEL_FILE`.

The key that requests must carry comes in LOCAL_MODEL_KEY. Prints its address on the first line of standard output once it is ready, and ends when its standard input closes: so
it cannot outlive its parent, whatever killed that.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

#: Requests served side by side, each with its share of the context.
PARALLEL = 4
CONTEXT_TOKENS = 8192


def main() -> None:
    _stay_alive_through_ctrl_c()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.api_keys = [os.environ["LOCAL_MODEL_KEY"]]
    params.model_alias = {"smollm2"}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_parallel, params.n_ctx = PARALLEL, CONTEXT_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = PARALLEL + 1
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # the server has threads of its own that would hold the exit


def _stay_alive_through_ctrl_c() -> None:
    """Ctrl-C reaches the whole terminal; the parent decides when this process goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    main()
