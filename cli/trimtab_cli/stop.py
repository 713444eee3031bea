"""How a command ends early: one clear line, what to do, and an exit code that scripts can read."""

from __future__ import annotations

from trimtab.errors import Conflict, Denied, NotFound, SettingsInvalid, Throttled, TrimtabError

REFUSED = 1
"""The request is not possible or not valid; nothing was changed."""
USAGE = 2
"""The command line or the environment is wrong."""
UNREACHABLE = 3
"""AWS, or what we need in it, could not be reached."""


class Stop(Exception):
    """End the command: ``what`` went wrong, what ``todo`` about it, and the exit ``code``.

    ``more`` are lines to choose from, where there are several.
    """

    def __init__(
        self, what: str, todo: str = "", code: int = REFUSED, more: tuple[str, ...] = ()
    ) -> None:
        """Say it in one line each."""
        super().__init__(what)
        self.what = what
        self.todo = todo
        self.code = code
        self.more = more


def stop_of(error: TrimtabError, stack: str) -> Stop:
    """Say one of our errors to a person at a terminal."""
    text = str(error)
    match error:
        case Conflict():
            return Stop(text, "somebody was faster; look at the log and run it again", REFUSED)
        case NotFound() if "dynamodb:" in text:
            todo = f"is stack {stack!r} deployed here? name another with --stack or --region"
            return Stop(text, todo, UNREACHABLE)
        case Denied() if "Credential" in text or "credentials" in text:
            return Stop(text, NO_CREDENTIALS, UNREACHABLE)
        case Denied():
            return Stop(text, "ask for that permission, or use another --profile", UNREACHABLE)
        case Throttled():
            return Stop(text, "wait a moment and run it again", UNREACHABLE)
        case SettingsInvalid():
            return Stop(text, "correct the environment, or unset it and use --stack", USAGE)
        case _:
            return Stop(text, "", UNREACHABLE)


NO_CREDENTIALS = "sign in (`aws sso login`, `aws configure`), or name a profile with --profile"
NO_REGION = "give --region, or set AWS_REGION, or a region in your AWS profile"
