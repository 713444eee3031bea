"""A valid document becomes the effective policy; what is published says the same as the code."""

import json
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.unit.cli.policies import ELB, SHOP, SMALL, KnownNames
from trimtab import codec
from trimtab.model import policy as model
from trimtab.model.detectors import Detector, Use
from trimtab.model.ids import Arn, FleetId, RouteId
from trimtab.model.patience import Patience
from trimtab.model.policy import GuardPolicy, HealthPolicy, Lever, Mode, Policy, ScalingPolicy
from trimtab.model.zones import ZonePolicy
from trimtab_cli.policy import detecting, document, healing
from trimtab_cli.policy.draft import Draft, parse_document
from trimtab_cli.policy.publish import outputs
from trimtab_cli.policy.resolve import resolve
from trimtab_cli.policy.written import yaml_of

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
SCHEMA = Draft202012Validator(json.loads((ROOT / "schemas/policy.schema.json").read_text()))


def draft(text: str) -> Draft:
    read = parse_document(text, "p.yaml")
    assert isinstance(read, Draft), [str(fault) for fault in read]
    return read


def policy(text: str) -> Policy:
    resolved = resolve(draft(text), KnownNames())
    assert isinstance(resolved, Policy), [str(fault) for fault in resolved]
    return resolved


def test_units_become_values_and_names_become_arns() -> None:
    shop = policy(SHOP)
    assert shop.mode(Lever.ROUTE) is Mode.ENFORCE
    assert shop.fleets[FleetId("blue")].target_group == Arn(f"{ELB}:targetgroup/shop-blue/1")
    assert shop.fleets[FleetId("green")].group == "shop-green-asg"
    assert shop.health.load_balancer is not None
    assert shop.health.load_balancer.unhealthy_for == timedelta(seconds=90)
    assert shop.health.outliers[0].floor == 250.0
    assert shop.health.eject.max_share == 0.25
    assert [rule.target for rule in shop.scaling.rules] == [900.0, 60.0]
    assert shop.routes[0].split == {"blue": 0.75, "green": 0.25}


def test_what_a_document_does_not_say_is_the_models_default_and_observe() -> None:
    small = policy(SMALL)
    assert (small.health, small.scaling, small.guard) == (
        HealthPolicy(),
        ScalingPolicy(),
        GuardPolicy(),
    )
    assert set(small.modes.values()) == {Mode.OBSERVE}
    assert small.enabled


def test_a_latency_floor_follows_the_unit_of_its_metric() -> None:
    assert policy(SHOP.replace("milliseconds", "seconds")).health.outliers[0].floor == 0.25


def test_off_switches_the_load_balancers_verdict_off() -> None:
    assert policy(SMALL + "health: {load_balancer: off}\n").health.load_balancer is None


def test_a_detector_is_on_in_shadow_or_off_as_the_document_says() -> None:
    health = policy(SMALL + "health: {detectors: {outliers: shadow, failures: off}}\n").health
    uses = [health.use(each) for each in (Detector.OUTLIERS, Detector.FAILURES, Detector.MACHINE)]
    assert uses == [Use.SHADOW, Use.OFF, Use.OFF]


def test_a_mode_may_be_given_per_lever() -> None:
    modes = policy(SMALL + "mode: {eject: enforce}\n").modes
    assert (modes[Lever.EJECT], modes[Lever.SCALE]) == (Mode.ENFORCE, Mode.OBSERVE)


def test_a_route_without_name_is_named_after_its_rule() -> None:
    assert policy(SHOP.replace("- name: main\n    ", "- ")).routes[0].name == RouteId("shop:80/10")


def test_all_unknown_names_are_refused_at_once_with_their_lines() -> None:
    faults = resolve(
        draft(SHOP.replace("shop-blue", "nope").replace("80/10", "80/11")), KnownNames()
    )
    assert isinstance(faults, tuple)
    assert [str(fault) for fault in faults] == [
        'p.yaml:4:24: fleets.blue.target_group: "nope" was not found: '
        "no target group is named nope; see `aws elbv2 ...`",
        'p.yaml:20:20: routes[0].listener_rule: "shop:80/11" was not found: no such rule',
    ]


def test_what_somebody_else_manages_or_guards_is_refused_with_the_tag_that_says_so() -> None:
    text = SMALL.replace("shop-green", "shop-k8s").replace("shop-blue-asg", "untouchable-asg")
    faults = resolve(draft(text), KnownNames())
    assert isinstance(faults, tuple)
    assert [str(fault) for fault in faults] == [
        'p.yaml:3:50: fleets.blue.scaling_group: "untouchable-asg" carries the tag '
        "trimtab:do-not-touch; expected one without it",
        'p.yaml:4:25: fleets.green.target_group: "shop-k8s" is managed by kubernetes (tag '
        "elbv2.k8s.aws/cluster), which puts back what is changed; expected one of your own",
    ]


def test_two_names_of_one_target_group_are_refused() -> None:
    arn = f"{ELB}:targetgroup/shop-blue/1"
    faults = resolve(draft(SMALL.replace("shop-green", f"'{arn}'")), KnownNames())
    assert isinstance(faults, tuple)
    assert [(fault.line, fault.path) for fault in faults] == [(4, "fleets.green.target_group")]


@pytest.mark.parametrize("text", [SHOP, SMALL], ids=["everything", "the-least"])
def test_a_policy_survives_the_codec_and_its_own_writing(text: str) -> None:
    effective = policy(text)
    assert codec.loads(Policy, codec.dumps(effective)) == effective
    assert policy(yaml_of(effective)) == effective


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_valid_for_us_and_for_an_editor(path: Path) -> None:
    text = path.read_text()
    header, _ = text.split("\n", 1)
    assert header == "# yaml-language-server: $schema=../schemas/policy.schema.json"
    assert isinstance(parse_document(text, path.name), Draft)
    assert list(SCHEMA.iter_errors(as_an_editor_reads(text))) == []


RENAMED = {"min_size": "min", "max_size": "max", "rule": "listener_rule"}


@pytest.mark.parametrize(
    ("kind", "doc"),
    [
        (Patience, detecting.PatienceDoc),
        (model.LoadBalancerHealth, healing.LoadBalancerDoc),
        (model.TargetMetric, healing.MetricDoc),
        (model.OutlierPolicy, healing.OutlierDoc),
        (model.FleetSigns, healing.SignsDoc),
        (model.EjectPolicy, healing.EjectDoc),
        (model.HealthPolicy, healing.HealthDoc),
        (model.ScalingPolicy, document.ScalingDoc),
        (model.TargetTracking, document.TrackRequestsDoc),
        (model.RoutePolicy, document.RouteDoc),
        (model.GuardPolicy, document.GuardDoc),
        (ZonePolicy, document.ZonesDoc),
    ],
    ids=lambda each: each.__name__,
)
def test_a_document_can_say_everything_that_a_policy_holds(kind: Any, doc: Any) -> None:
    held = {RENAMED.get(field.name, field.name) for field in fields(kind)}
    assert held <= doc.model_fields.keys()


def test_there_are_examples() -> None:
    assert {path.name for path in EXAMPLES} >= {"shop.yaml", "observe.yaml", "health-only.yaml"}


def test_the_schema_is_sound() -> None:
    Draft202012Validator.check_schema(SCHEMA.schema)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SMALL + "scalling: {min: 2}\n", id="unknown-key"),
        pytest.param(SMALL + "mode: enfore\n", id="unknown-mode"),
        pytest.param(SMALL + "health: {sweep: 10}\n", id="no-unit"),
        pytest.param(SMALL.replace("blue", "Blue", 1), id="fleet-name"),
        pytest.param("service: shop\n", id="missing-key"),
    ],
)
def test_an_editor_marks_the_usual_mistakes_too(text: str) -> None:
    assert list(SCHEMA.iter_errors(as_an_editor_reads(text)))


@pytest.mark.parametrize(
    ("path", "text"), list(outputs(ROOT)), ids=[path.name for path, _ in outputs(ROOT)]
)
def test_what_is_generated_is_up_to_date(path: Path, text: str) -> None:
    assert path.read_text() == text, "run `python -m trimtab_cli.policy.publish`"


def as_an_editor_reads(text: str) -> Any:
    """YAML 1.1 booleans apart, which no example uses, editors read as PyYAML does."""
    return yaml.safe_load(text)
