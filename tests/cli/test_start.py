"""Starting: cheap imports, connecting, and what is said when nothing is there."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trimtab_cli.main import app

HEAVY = ("boto3", "botocore", "moto", "plotly", "pydantic", "yaml", "trimtab_lab.world")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from trimtab_cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "policy" in done.stdout


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stderr


def test_no_region_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    assert run("status") == (
        2,
        "error: no AWS Region is set\n"
        "  give --region, or set AWS_REGION, or a region in your AWS profile\n",
    )


def test_an_unknown_profile_is_a_usage_error() -> None:
    code, said = run("--profile", "nobody", "status")
    assert (code, "aws configure list-profiles" in said) == (2, True)


def test_a_local_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    code, said = run("--local", str(tmp_path / "none"), "status")
    assert (code, "save one with `trimtab demo`" in said) == (2, True)


BROKEN = {"empty": "", "half": '{"format": 1', "old": '{"format": 0}', "hollow": '{"format": 1}'}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_local_file_that_is_none_of_ours_is_a_usage_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "aws.json").write_text(text)
    code, said = run("--local", str(tmp_path), "status")
    assert (code, "holds no embedded AWS that a demo saved" in said) == (2, True)


def test_a_local_folder_without_a_file_is_a_usage_error(tmp_path: Path) -> None:
    assert run("--local", str(tmp_path), "status")[0] == 2


def test_a_demo_that_cannot_leave_anything_says_so_before_it_plays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, said = run("demo", "--out", str(tmp_path / "file"))
    assert (code, "nothing can be written to" in said) == (2, True)


@pytest.fixture
def on_moto() -> object:
    from moto import mock_aws

    with mock_aws():
        yield


@pytest.mark.usefixtures("on_moto")
def test_a_stack_that_is_not_there_says_how_to_name_another() -> None:
    assert run("--stack", "mine", "--region", "eu-west-1", "status") == (
        3,
        "error: there is no stack 'mine' in eu-west-1\n"
        "  deploy it (`sam deploy`), or name another with --stack, --region or --profile\n",
    )


@pytest.mark.usefixtures("on_moto")
def test_a_table_that_is_not_there_says_to_look_at_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for table in ("MEMORY", "LOG", "TICKS"):
        monkeypatch.setenv(f"TRIMTAB_{table}_TABLE", f"trimtab-{table.lower()}")
    code, said = run("status")
    assert code == 3
    assert "trimtab-memory" in said
    assert "is stack 'trimtab' deployed here?" in said


@pytest.mark.usefixtures("on_moto")
def test_tables_are_found_in_the_stacks_outputs() -> None:
    import json

    import boto3

    def table(name: str, keys: tuple[str, str]) -> dict[str, object]:
        return {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": key, "AttributeType": "S"} for key in keys
                ],
                "KeySchema": [
                    {"AttributeName": keys[0], "KeyType": "HASH"},
                    {"AttributeName": keys[1], "KeyType": "RANGE"},
                ],
            },
        }

    tables = {"Memory": ("service", "item"), "Log": ("service", "id"), "Ticks": ("service", "at")}
    template = {
        "Resources": {name: table(name, keys) for name, keys in tables.items()},
        "Outputs": {f"{name}Table": {"Value": {"Ref": name}} for name in tables},
    }
    cloudformation = boto3.client("cloudformation", region_name="eu-west-1")
    cloudformation.create_stack(StackName="mine", TemplateBody=json.dumps(template))
    result = CliRunner().invoke(app, ["--stack", "mine", "status", "--json"])
    assert (result.exit_code, result.stdout) == (0, "[]\n")
