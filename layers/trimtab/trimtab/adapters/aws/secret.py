"""A secret from the Parameter Store, read when it is needed and kept for a few minutes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults
from trimtab.errors import NotFound

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SSMProvider

KEPT_FOR_S = 300
"""A secret that was changed is used after so long, at the latest."""


@dataclass(frozen=True)
class ParameterSecret:
    """A SecureString by its name. Its value is in no error and no log line."""

    clients: Clients
    name: str

    @cached_property
    def _provider(self) -> SSMProvider:
        # only a deployment that has a webhook pays for this import
        from aws_lambda_powertools.utilities.parameters import SSMProvider  # noqa: PLC0415

        return SSMProvider(boto3_client=self.clients.ssm)

    def __call__(self) -> str:
        """Return it; raise with what to do if it cannot be read."""
        from aws_lambda_powertools.utilities.parameters import (  # noqa: PLC0415
            GetParameterError,
        )

        with faults("ssm:GetParameter", self.name):
            try:
                value = self._provider.get(self.name, max_age=KEPT_FOR_S, decrypt=True)
            except GetParameterError as error:
                # Powertools wraps what AWS said; our table knows it by its own type
                raise (error.__context__ or error) from None
        if not isinstance(value, str) or not value.strip():
            raise NotFound(f"parameter {self.name} is empty; expected the URL of a webhook")
        return value
