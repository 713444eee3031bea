"""The account around the stack: moto switched on, mended, and asking the world; a virtual clock.

One at a time in a process: moto is patched in place. Leaving takes every patch away again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import boto3
import time_machine
from moto import mock_aws
from moto.core.responses import BaseResponse
from moto.moto_api._internal import mock_random
from moto.s3.responses import S3Response

from trimtab_lab.embedded import autoscaling, cloudwatch, ec2, elb
from trimtab_lab.embedded.calls import CallLog
from trimtab_lab.embedded.cloudwatch import Partial
from trimtab_lab.embedded.moto_fixes import moto_fixed
from trimtab_lab.embedded.speed import quick
from trimtab_lab.embedded.wire import Switchboard, judging, passing
from trimtab_lab.world.metrics import Series
from trimtab_lab.world.world import World

FAKE = "testing"
_OF_S3 = {"put_object": "PutObject", "get_object": "GetObject"}
"""What functions do there, by moto's name of it."""
_AMBIENT = ("AWS_", "TRIMTAB_", "MOTO_", "POWERTOOLS_", "LAMBDA_", "_X_AMZN_")


class Clock:
    """Virtual time: stands still until it is moved; never goes back."""

    def __init__(self, travel: time_machine.travel) -> None:
        self._coordinates = travel.start()

    @property
    def now(self) -> datetime:
        """What every clock of the process shows."""
        return datetime.now(UTC)

    def to(self, at: datetime) -> None:
        """Move on to ``at``."""
        if at > self.now:
            self._coordinates.move_to(at)


class Account:
    """One account and Region over a world."""

    _open = False

    def __init__(self, world: World, now: datetime | None = None) -> None:
        self.world = world
        self.calls = CallLog()
        self.slept_s = 0.0
        """Seconds the SDK would have waited between its tries."""
        self.partial: Partial = _never
        """Of which series CloudWatch can give only a part now."""
        answers = {
            **elb.ANSWERS,
            **autoscaling.ANSWERS,
            **ec2.ANSWERS,
            **cloudwatch.answers(self._is_partial),
        }
        self.board = Switchboard(world, answers, self.calls)
        topology = world.scenario.topology
        self.account, self.region = topology.account, topology.region
        self._starts = now or world.now
        self._clock: Clock | None = None

    @property
    def clock(self) -> Clock:
        """The virtual clock, while the account is open."""
        if self._clock is None:
            raise RuntimeError("the embedded AWS is not open")
        return self._clock

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the account; close it and put everything back at the end."""
        if Account._open:
            raise RuntimeError("another embedded AWS is open in this process; close it first")
        with ExitStack() as stack:
            Account._open = True
            stack.callback(_closed)
            stack.enter_context(patch.dict(os.environ, self._environment(), clear=True))
            travel = time_machine.travel(self._starts, tick=False)
            self._clock = Clock(travel)
            stack.callback(travel.stop)
            stack.enter_context(mock_aws())
            stack.enter_context(moto_fixed(self._sleep))
            stack.enter_context(quick())
            stock = BaseResponse.call_action
            stack.enter_context(
                patch.object(BaseResponse, "call_action", passing(self.board, stock))
            )
            for method, operation in _OF_S3.items():
                judged = judging(self.board, operation, getattr(S3Response, method))
                stack.enter_context(patch.object(S3Response, method, judged))
            mock_random.seed(self.world.scenario.seed)
            yield

    def session(self) -> boto3.Session:
        """Return a session of somebody who may do anything here."""
        return boto3.Session(
            aws_access_key_id=FAKE, aws_secret_access_key=FAKE, region_name=self.region
        )

    def _is_partial(self, series: Series) -> bool:
        return self.partial(series)

    def _sleep(self, seconds: float) -> None:
        self.slept_s += seconds

    def _environment(self) -> dict[str, str]:
        """The process's environment without anything that could reach a real account."""
        quiet = {name: v for name, v in os.environ.items() if not name.startswith(_AMBIENT)}
        return quiet | {
            "AWS_ACCESS_KEY_ID": FAKE,
            "AWS_SECRET_ACCESS_KEY": FAKE,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "MOTO_ACCOUNT_ID": self.account,
        }


def _never(_: Series) -> bool:
    return False


def _closed() -> None:
    Account._open = False
