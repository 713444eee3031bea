"""What the functions, tables and queues must be like. A check returns a sentence per fault."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

from tests.template.stack import FUNCTIONS, ROOT, Stack, references

RUNTIME = {
    "Runtime": "python3.13",
    "Architectures": ["arm64"],
    "Handler": "handler.lambda_handler",
    "TracingConfig": {"Mode": "Active"},
}
NO_VALUE = {"Ref": "AWS::NoValue"}
ENVIRONMENT: dict[str, dict[str, str]] = {
    "schedule": {"TRIMTAB_MEMORY_TABLE": "Memory", "TRIMTAB_QUEUE_URL": "WorkQueue"},
    "wake": {
        "TRIMTAB_ACCOUNT": "AWS::AccountId",
        "TRIMTAB_MEMORY_TABLE": "Memory",
        "TRIMTAB_QUEUE_URL": "WorkQueue",
    },
    "reconcile": {
        "TRIMTAB_MEMORY_TABLE": "Memory",
        "TRIMTAB_LOG_TABLE": "Log",
        "TRIMTAB_LOG_DAYS": "LogKeepDays",
        "TRIMTAB_TICKS_TABLE": "Ticks",
        "TRIMTAB_TICKS_DAYS": "TickRetentionDays",
        "TRIMTAB_MAX_REMOVALS": "MaxRemovals",
    },
    "act": {
        "TRIMTAB_MEMORY_TABLE": "Memory",
        "TRIMTAB_LOG_TABLE": "Log",
        "TRIMTAB_LOG_DAYS": "LogKeepDays",
    },
    "notify": {
        "TRIMTAB_MEMORY_TABLE": "Memory",
        "TRIMTAB_LOG_TABLE": "Log",
        "TRIMTAB_TOPIC_ARN": "Topic",
        "TRIMTAB_EVENT_BUS": "EventBusName",
        "TRIMTAB_WEBHOOK_PARAMETER": "WebhookParameter",
    },
    "anchor": {
        "TRIMTAB_MEMORY_TABLE": "Memory",
        "TRIMTAB_LOG_TABLE": "Log",
        "TRIMTAB_ANCHOR_BUCKET": "AnchorBucket",
    },
    "survey": {"TRIMTAB_MEMORY_TABLE": "Memory", "TRIMTAB_PROBES": "the probes"},
    "probe": {},
    "probe2": {},
    "probe3": {},
    "warden": {
        "TRIMTAB_MEMORY_TABLE": "Memory",
        "TRIMTAB_LOG_TABLE": "Log",
        "TRIMTAB_LOG_DAYS": "LogKeepDays",
    },
    "access": {
        "TRIMTAB_MEMORY_TABLE": "Memory",
        "TRIMTAB_ACCESS_LOGS_BUCKET": "AccessLogsBucket",
    },
}
PLACES = {
    "Fn::Join": [
        ",",
        [
            {"Fn::Sub": "${ProbeSubnet1}=${ProbeFunction}"},
            {"Fn::If": ["Probes2", {"Fn::Sub": "${ProbeSubnet2}=${Probe2Function}"}, NO_VALUE]},
            {"Fn::If": ["Probes3", {"Fn::Sub": "${ProbeSubnet3}=${Probe3Function}"}, NO_VALUE]},
        ],
    ]
}
"""Each place with its function."""
ONLY_IF = {"AnchorBucket": "LocksAnchors"}
"""Resources that exist under a condition: without them the variable is empty."""
RETENTION = {"anchor": "AnchorRetentionDays"}
COMMON_ENVIRONMENT = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
KEYS = {
    "Memory": ("service", "item"),
    "Log": ("service", "id"),
    "Ticks": ("service", "at"),
}
SAFE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "DeletionProtectionEnabled": {"Ref": "DeletionProtection"},
    "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
}


def functions_say_all(stack: Stack) -> Iterator[str]:
    """Runtime, architecture, memory, timeout, tracing, JSON logs, layer and description."""
    for name, function in stack.functions.items():
        for field, expected in RUNTIME.items():
            if function.get(field) != expected:
                yield f"{name}.{field} is {function.get(field)}, expected {expected}"
        for field in ("MemorySize", "Timeout", "Description", "Layers"):
            if not function.get(field):
                yield f"{name} leaves {field} to the default"
        if function.get("LoggingConfig", {}).get("LogFormat") != "JSON":
            yield f"{name} does not log JSON"
        if "ReservedConcurrentExecutions" not in function:
            yield f"{name} can be starved by other functions"


def anchors_cannot_be_silenced(stack: Stack) -> Iterator[str]:
    """What anchor logs is a record, whatever the stack's log level."""
    logging = stack.functions["AnchorFunction"].get("LoggingConfig", {})
    if logging.get("ApplicationLogLevel") != "INFO":
        yield f"anchor logs from {logging.get('ApplicationLogLevel')}"


def handlers_exist(stack: Stack) -> Iterator[str]:
    """Each function's code is there, under the name the template gives."""
    expected = {f"{function.capitalize()}Function" for function in FUNCTIONS}
    if set(stack.functions) != expected:
        yield f"functions are {sorted(stack.functions)}, expected {sorted(expected)}"
    for name, function in stack.functions.items():
        place = function["Code"]["S3Key"].removesuffix(".zip")
        module, _, attribute = function["Handler"].rpartition(".")
        dotted = f"{place}/{module}".replace("/", ".")
        if not (ROOT / place / f"{module}.py").is_file() or not importlib.util.find_spec(dotted):
            yield f"{name} has no {place}/{module}.py"
        elif not hasattr(importlib.import_module(dotted), attribute):
            yield f"{dotted} has no {attribute}"


def environment_fits_the_settings(stack: Stack) -> Iterator[str]:
    """Each function is told what its ports need, from the resource that it means."""
    for function, expected in ENVIRONMENT.items():
        of = stack.functions[f"{function.capitalize()}Function"]
        given = of.get("Environment", {}).get("Variables", {})
        if set(given) != set(expected) | COMMON_ENVIRONMENT:
            yield f"{function} is told {sorted(given)}"
        for variable, resource in expected.items():
            only_if = ONLY_IF.get(resource)
            expected_value: Any = {"Ref": resource}
            if variable == "TRIMTAB_PROBES":
                expected_value = PLACES
            if only_if:
                expected_value = {"Fn::If": [only_if, expected_value, ""]}
            if given.get(variable) != expected_value:
                yield f"{function}: {variable} is {given.get(variable)}, expected {resource}"


def tables_are_safe(stack: Stack) -> Iterator[str]:
    """Keys, on-demand, restorable, protected, encrypted."""
    tables = stack.of_type("AWS::DynamoDB::Table")
    if set(tables) != set(KEYS):
        yield f"tables are {sorted(tables)}"
    for name, table in tables.items():
        keys = tuple(key["AttributeName"] for key in table["KeySchema"])
        if keys != KEYS.get(name):
            yield f"{name} has the keys {keys}"
        if stack.resources[name].get("UpdateReplacePolicy") != "Retain":
            yield f"{name} would be lost when replaced"
        for field, expected in SAFE.items():
            given = table.get(field, {})
            if (given | expected if isinstance(given, dict) else expected) != given:
                yield f"{name}.{field} is {given}, expected {expected}"
    if stack.template["Parameters"]["DeletionProtection"]["Default"] != "true":
        yield "tables are not protected by default"


def the_log_outlives_the_stack(stack: Stack) -> Iterator[str]:
    """Log is retained, streams its new images, is indexed by day; it expires only when asked to."""
    log, resource = stack.of_type("AWS::DynamoDB::Table")["Log"], stack.resources["Log"]
    if resource.get("DeletionPolicy") != "Retain":
        yield "Log goes with the stack"
    if log.get("StreamSpecification") != {"StreamViewType": "NEW_IMAGE"}:
        yield "Log does not stream its new images"
    if log.get("TimeToLiveSpecification") != {"AttributeName": "expires", "Enabled": True}:
        yield "entries of Log do not expire when they are to"
    if stack.template["Parameters"]["LogKeepDays"]["Default"] != "0":
        yield "entries of Log expire without being asked to"
    indexes = {
        index["IndexName"]: (
            tuple(key["AttributeName"] for key in index["KeySchema"]),
            index["Projection"]["ProjectionType"],
        )
        for index in log.get("GlobalSecondaryIndexes", [])
    }
    if indexes != {"by-day": (("day", "at_id"), "ALL")}:
        yield f"Log is indexed {indexes}"
    for name in ("Ticks", "Memory"):
        table = stack.of_type("AWS::DynamoDB::Table")[name]
        if table.get("TimeToLiveSpecification") != {"AttributeName": "expires", "Enabled": True}:
            yield f"what expires in {name} stays"


def anchors_are_locked_when_asked(stack: Stack) -> Iterator[str]:
    """The bucket is made on demand only: locked, versioned, private, over TLS, and it stays."""
    if stack.template["Parameters"]["AnchorLock"]["Default"] != "NONE":
        yield "anchors are locked away without being asked"
    for name in ("AnchorBucket", "AnchorBucketPolicy", "LockAnchorsPolicy"):
        if stack.resources[name].get("Condition") != "LocksAnchors":
            yield f"{name} is made without being asked"
    bucket = stack.of_type("AWS::S3::Bucket")["AnchorBucket"]
    if stack.resources["AnchorBucket"].get("DeletionPolicy") != "Retain":
        yield "AnchorBucket goes with the stack"
    rule = bucket.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
    if rule != {"Mode": {"Ref": "AnchorLock"}, "Days": {"Ref": "AnchorLockDays"}}:
        yield f"anchors are kept by {rule}"
    if not bucket.get("ObjectLockEnabled") or bucket["VersioningConfiguration"] != {
        "Status": "Enabled"
    }:
        yield "AnchorBucket locks nothing"


def locked_anchors_are_only_written(stack: Stack) -> Iterator[str]:
    """Over TLS, never by the public, by anchor's role alone, and nothing else is done there."""
    bucket = stack.of_type("AWS::S3::Bucket")["AnchorBucket"]
    if set(bucket.get("PublicAccessBlockConfiguration", {}).values()) != {True}:
        yield "AnchorBucket can be made public"
    policy = stack.of_type("AWS::S3::BucketPolicy")["AnchorBucketPolicy"]
    if not any(_denies_plain_text(s) for s in policy["PolicyDocument"]["Statement"]):
        yield "AnchorBucket takes objects without TLS"
    written = [
        (s.actions, s.resource)
        for role in stack.roles
        for s in stack.allowed(role)
        if any(action.startswith("s3:") for action in s.actions)
    ]
    logs = (
        "arn:${AWS::Partition}:s3:::${AccessLogsBucket}/${AccessLogsPrefix}AWSLogs/"
        "${AWS::AccountId}/elasticloadbalancing/${AWS::Region}/*"
    )
    if sorted(written, key=str) != [
        (("s3:GetObject",), {"Fn::Sub": logs}),
        (("s3:PutObject",), {"Fn::Sub": "${AnchorBucket.Arn}/anchors/*"}),
    ]:
        yield f"what may be done in S3 is {written}"


def probes_have_no_way_out(stack: Stack) -> Iterator[str]:
    """Each is in its one subnet, made only if there is one, told nothing and allowed nothing."""
    for number, name in enumerate(("probe", "probe2", "probe3"), start=1):
        function, role = f"{name.capitalize()}Function", stack.role_of(name)
        only_if = "Probes" if number == 1 else f"Probes{number}"
        for made in (function, role):
            if stack.resources[made].get("Condition") != only_if:
                yield f"{made} is made without being asked"
        place = {"SubnetIds": [{"Ref": f"ProbeSubnet{number}"}],
                 "SecurityGroupIds": [{"Ref": "ProbeSecurityGroup"}]}  # fmt: skip
        if stack.functions[function].get("VpcConfig") != place:
            yield f"{name} is in {stack.functions[function].get('VpcConfig')}"
        if not _denies_interfaces_to(stack, name):
            yield f"the code of {name} may do what Lambda may for it"


def _denies_interfaces_to(stack: Stack, name: str) -> bool:
    """The code is denied what Lambda needs: its calls carry the function's ARN, Lambda's do not."""
    arn = f"function:${{AWS::StackName}}-{name}"
    allowed = [s for s in stack.allowed(stack.role_of(name)) if s.actions[0].startswith("ec2:")]
    denied = [
        s
        for s in stack.statements(stack.role_of(name))
        if not s.allow and str(s.condition.get("ArnEquals")).endswith(f"{arn}'}}}}")
    ]
    return [s.actions for s in allowed] == [s.actions for s in denied] != []


def logs_are_kept_for_a_while(stack: Stack) -> Iterator[str]:
    """Each function has a log group of its own, with retention, and writes to no other."""
    groups = stack.of_type("AWS::Logs::LogGroup")
    for function in FUNCTIONS:
        name = f"{function.capitalize()}Function"
        own = [g for g in groups.values() if references(g.get("LogGroupName"), name)]
        if len(own) != 1 or own[0].get("RetentionInDays") != {
            "Ref": RETENTION.get(function, "LogRetentionDays")
        }:
            yield f"{function} has no log group with retention"
        written = [
            s.resource
            for s in stack.allowed(stack.role_of(function))
            if "logs:PutLogEvents" in s.actions
        ]
        ending = f":log-group:/aws/lambda/${{AWS::StackName}}-{function}:*"
        if [str(w.get("Fn::Sub")).endswith(ending) for w in written] != [True]:
            yield f"{function} may write to other log groups"


def queues_are_encrypted_and_private(stack: Stack) -> Iterator[str]:
    """Encrypted with a key of AWS or yours, spoken to over TLS only."""
    private: set[str] = set()
    for policy in stack.of_type("AWS::SQS::QueuePolicy").values():
        if any(_denies_plain_text(s) for s in policy["PolicyDocument"]["Statement"]):
            private |= {queue["Ref"] for queue in policy["Queues"]}
    for name, queue in stack.of_type("AWS::SQS::Queue").items():
        if queue.get("SqsManagedSseEnabled") != {
            "Fn::If": ["HasKey", {"Ref": "AWS::NoValue"}, True]
        }:
            yield f"{name} is not encrypted"
        if name not in private:
            yield f"{name} takes messages without TLS"
        if queue.get("FifoQueue") and not queue["QueueName"]["Fn::Sub"].endswith(".fifo"):
            yield f"{name} is FIFO without saying so in its name"


def the_topic_can_be_published_to(stack: Stack) -> Iterator[str]:
    """Encrypted with a key that lets alarms in (AWS's own does not), and over TLS only."""
    if "HasKey" not in str(stack.resources["Topic"]["Properties"].get("KmsMasterKeyId")):
        yield "Topic is not encrypted"
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    key = stack.resources["TopicKey"]["Properties"]["KeyPolicy"]["Statement"]
    policy = stack.resources["TopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    if not any(s["Principal"] == alarms and "kms:GenerateDataKey" in s["Action"] for s in key):
        yield "alarms may not use the topic's key"
    if not any(s["Principal"] == alarms and s["Action"] == "sns:Publish" for s in policy):
        yield "alarms may not publish to the topic"
    if not any(_denies_plain_text(s) for s in policy):
        yield "Topic takes messages without TLS"
    if stack.resources["TopicKey"]["Properties"].get("EnableKeyRotation") is not True:
        yield "TopicKey is never rotated"


def _denies_plain_text(statement: dict[str, Any]) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )


CHECKS = (
    functions_say_all,
    anchors_cannot_be_silenced,
    handlers_exist,
    environment_fits_the_settings,
    tables_are_safe,
    the_log_outlives_the_stack,
    anchors_are_locked_when_asked,
    locked_anchors_are_only_written,
    probes_have_no_way_out,
    logs_are_kept_for_a_while,
    queues_are_encrypted_and_private,
    the_topic_can_be_published_to,
)
