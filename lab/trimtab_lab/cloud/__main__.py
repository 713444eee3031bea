"""Start a local cloud: ``python -m trimtab_lab.cloud [--port 4566] [--seed 1]``.

Prints one line of JSON with ``endpoint`` and ``control`` when it is ready; ends on Ctrl-C, on
SIGTERM, and when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading

from trimtab_lab.cloud.scene import shop_now
from trimtab_lab.cloud.server import serving


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m trimtab_lab.cloud", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) picks a free one")
    parser.add_argument("--seed", type=int, default=1, help="of the world")
    given = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with serving(shop_now(given.seed), given.port) as cloud:
        ready = {"endpoint": cloud.endpoint, "control": cloud.control, "pid": os.getpid()}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        parent = os.getppid()
        while not stopped.wait(0.5) and os.getppid() == parent:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
