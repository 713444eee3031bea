"""Functions that run at once, one port call at a time: greenlets handed a baton.

Exactly one runs at any moment, and the scheduler says which: the same dice give the same
interleaving, on any machine. Threads handed a lock would do the same in half again the time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from greenlet import getcurrent, greenlet


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
        self._running = greenlet(self._run)

    def resume(self) -> None:
        """Let it run to its next port call, or to its end."""
        self._running.parent = getcurrent()
        self._running.switch()

    def kill(self) -> None:
        """Crash it where it stands."""
        if self.over:
            return
        self._killed = True
        if not self._running:  # it has not begun
            self.over = self.crashed = True
        else:
            self.resume()

    def stop(self) -> None:
        """Called by the function at a port call: wait for the baton."""
        home = self._running.parent
        if home is None:
            raise RuntimeError(f"{self.name} stops before it was given the baton")
        home.switch()
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
