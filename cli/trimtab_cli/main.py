"""The ``trimtab`` command: its global options, and every way it can end.

Importing this imports neither boto3 nor the lab: commands import what they need when they run.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trimtab import __version__
from trimtab.errors import TrimtabError
from trimtab_cli.commands import answer, explain, log, pause, policy, request, status
from trimtab_cli.connect import DEFAULT_STACK, Where
from trimtab_cli.session import Operator
from trimtab_cli.show import complain, say
from trimtab_cli.stop import USAGE, Stop, stop_of

LAB = {
    "demo": ("trimtab_cli.demo", "Replay a bad day on an embedded AWS; needs no account."),
    "simulate": ("trimtab_cli.simulate", "Play a story of what goes wrong in the simulator."),
    "bench": ("trimtab_lab.bench.command", "Measure decisions, AWS calls and cost."),
}
"""Commands that stand on the lab: a module with a Typer ``app``, imported when it is called."""


class Commands(TyperGroup):
    """All commands; turns our errors into one line, what to do, and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (Stop, TrimtabError) as error:
            stack = str(ctx.params.get("stack", DEFAULT_STACK))
            stop = error if isinstance(error, Stop) else stop_of(error, stack)
            complain(stop)
            raise typer.Exit(stop.code) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keeps services behind AWS load balancers healthy, the right size and correctly weighted.",
)
app.add_typer(policy.app, name="policy")
app.command()(status.status)
app.add_typer(log.app, name="log")
app.command()(explain.explain)
app.command()(answer.approve)
app.command()(answer.reject)
app.command()(answer.undo)
app.add_typer(request.app, name="request")
app.command()(pause.pause)
app.command()(pause.resume)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"trimtab {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    profile: Annotated[
        str | None, typer.Option(help="AWS profile.", show_default="AWS_PROFILE")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="AWS Region.", show_default="AWS_REGION")
    ] = None,
    stack: Annotated[str, typer.Option(help="Name of Trimtab's stack.")] = DEFAULT_STACK,
    local: Annotated[
        Path | None,
        typer.Option(help="Folder where a demo saved its embedded AWS.", show_default=False),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Take the global options; ``version`` was answered before."""
    if context.obj is None:
        context.obj = Operator(Where(profile, region, stack, local))


def _lab_command(name: str, module: str, text: str) -> None:
    settings = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

    @app.command(name, help=text, context_settings=settings)
    def run(context: typer.Context) -> None:
        try:
            lab = importlib.import_module(module)
        except ModuleNotFoundError as missing:
            what = f"`trimtab {name}` needs {missing.name}, which is not installed"
            raise Stop(what, "install the project with `make setup`", USAGE) from None
        lab.app(args=context.args, prog_name=f"trimtab {name}")


for _name, (_module, _text) in LAB.items():
    if importlib.util.find_spec(_module) is not None:
        _lab_command(_name, _module, _text)


def main() -> None:
    """Run the command line."""
    app(prog_name="trimtab")
