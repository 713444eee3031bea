"""Functions that run at once, one port call at a time: threads handed a baton.

Exactly one thread runs at any moment, and the scheduler says which: the same dice give the same
interleaving, on any machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime


class Crashed(BaseException):
    """The platform killed the function: nothing of it runs any further, handlers included."""


class Invocation:
    """One running function, stopped before each of its port calls until it is resumed."""

    def __init__(self, name: str, work: Callable[[Invocation], None], now: datetime) -> None:
        self.name = name
        self.started = now
        self.asleep_until = now
        self.over = False
        self.crashed = False
        self.error: Exception | None = None
        self._work = work
        self._killed = False
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._thread: threading.Thread | None = None

    def resume(self) -> None:
        """Let it run to its next port call, or to its end."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self._go.release()
        self._back.acquire()

    def kill(self) -> None:
        """Crash it where it stands."""
        if self.over:
            return
        self._killed = True
        if self._thread is None:
            self.over = self.crashed = True
        else:
            self.resume()

    def stop(self) -> None:
        """Called by the function's thread at a port call: wait for the baton."""
        self._back.release()
        self._go.acquire()
        if self._killed:
            raise Crashed

    def _run(self) -> None:
        try:
            self._work(self)
        except Crashed:
            self.crashed = True
        except Exception as error:  # handed to whoever asks: the platform would log it
            self.error = error
        self.over = True
        self._back.release()
