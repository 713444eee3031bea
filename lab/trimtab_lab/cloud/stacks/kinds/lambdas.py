"""Lambda functions, layers, and what invokes them."""

from __future__ import annotations

from typing import Any

from trimtab_lab.cloud.stacks.intrinsics import Made
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, changed, picked

_CONFIGURATION = (
    "Description",
    "Environment",
    "Handler",
    "Layers",
    "LoggingConfig",
    "Role",
    "Runtime",
    "TracingConfig",
)
_SOURCE = (
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FilterCriteria",
    "FunctionResponseTypes",
    "ScalingConfig",
)
_SOURCE_NUMBERS = (
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
)


class Function:
    """AWS::Lambda::Function. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the function from the code in S3."""
        name = given.get("FunctionName") or aws.name(logical_id, 64)
        tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])} | dict(aws.tags)
        function = aws.client("lambda").create_function(
            FunctionName=name,
            Code=given["Code"],
            Tags=tags,
            **picked(given, "Architectures"),
            **_configuration(given),
        )
        self._reserve(aws, name, given)
        return Made(name, name, {"Arn": function["FunctionArn"]})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Change code, configuration and reserved concurrency."""
        different = changed(given, before)
        if "FunctionName" in different:
            return None
        lambdas = aws.client("lambda")
        if different & {"Code", "Architectures"}:
            code = picked(given["Code"], "S3Bucket", "S3Key", "S3ObjectVersion")
            lambdas.update_function_code(FunctionName=made.ref, **code)
        if different - {"Code", "ReservedConcurrentExecutions"}:
            lambdas.update_function_configuration(FunctionName=made.ref, **_configuration(given))
        self._reserve(aws, made.ref, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the function."""
        aws.client("lambda").delete_function(FunctionName=made.ref)

    def _reserve(self, aws: Aws, name: str, given: Given) -> None:
        lambdas = aws.client("lambda")
        if "ReservedConcurrentExecutions" in given:
            lambdas.put_function_concurrency(
                FunctionName=name,
                ReservedConcurrentExecutions=int(given["ReservedConcurrentExecutions"]),
            )
        else:
            lambdas.delete_function_concurrency(FunctionName=name)


class Layer:
    """AWS::Lambda::LayerVersion. ``Ref`` is the version's ARN."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Publish the version."""
        version = aws.client("lambda").publish_layer_version(
            LayerName=given.get("LayerName") or aws.name(logical_id),
            Content=given["Content"],
            **picked(
                given, "Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"
            ),
        )
        arn = version["LayerVersionArn"]
        return Made(arn, arn, {"LayerVersionArn": arn})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """A version is for life."""
        return None

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the version."""
        layer, _, version = made.ref.rpartition(":")
        aws.client("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(version))


class Permission:
    """AWS::Lambda::Permission."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Let somebody invoke a function."""
        name = aws.name(logical_id, 100)
        aws.client("lambda").add_permission(
            StatementId=name,
            **picked(given, "FunctionName", "Action", "Principal", "SourceArn", "SourceAccount"),
        )
        return Made(name, name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Permissions are for life."""
        return None

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Take the permission away."""
        aws.client("lambda").remove_permission(
            FunctionName=given["FunctionName"], StatementId=made.physical_id
        )


class EventSource:
    """AWS::Lambda::EventSourceMapping."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Let Lambda poll a queue or a stream for a function."""
        mapping = aws.client("lambda").create_event_source_mapping(
            FunctionName=given["FunctionName"],
            EventSourceArn=given["EventSourceArn"],
            **picked(given, "StartingPosition"),
            **_source(given),
        )
        return Made(mapping["UUID"], mapping["UUID"])

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Change how it polls; what it polls is for life."""
        if changed(given, before) & {"EventSourceArn", "StartingPosition"}:
            return None
        aws.client("lambda").update_event_source_mapping(
            UUID=made.ref, FunctionName=given["FunctionName"], **_source(given)
        )
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Stop polling."""
        aws.client("lambda").delete_event_source_mapping(UUID=made.ref)


class InvokeConfig:
    """AWS::Lambda::EventInvokeConfig: tries and dead letters of asynchronous invocations."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put the configuration."""
        aws.client("lambda").put_function_event_invoke_config(
            FunctionName=given["FunctionName"],
            Qualifier=given["Qualifier"],
            MaximumRetryAttempts=int(given.get("MaximumRetryAttempts", 2)),
            MaximumEventAgeInSeconds=int(given.get("MaximumEventAgeInSeconds", 21_600)),
            **picked(given, "DestinationConfig"),
        )
        name = aws.name(logical_id)
        return Made(name, name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Put it anew."""
        if "FunctionName" in changed(given, before):
            return None
        self.create(aws, made.physical_id, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Go back to Lambda's defaults."""
        aws.client("lambda").delete_function_event_invoke_config(
            FunctionName=given["FunctionName"], Qualifier=given["Qualifier"]
        )


def _configuration(given: Given) -> dict[str, Any]:
    key = {"KMSKeyArn": given["KmsKeyArn"]} if "KmsKeyArn" in given else {}
    environment = given.get("Environment", {}).get("Variables", {})
    return {
        **picked(given, *_CONFIGURATION),
        "Environment": {"Variables": {name: str(value) for name, value in environment.items()}},
        "MemorySize": int(given.get("MemorySize", 128)),
        "Timeout": int(given.get("Timeout", 3)),
        **key,
    }


def _source(given: Given) -> dict[str, Any]:
    numbers = {name: int(given[name]) for name in _SOURCE_NUMBERS if name in given}
    return {**picked(given, *_SOURCE), **numbers}
