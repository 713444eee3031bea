"""The local cloud: the embedded AWS as a server on loopback, in real time.

What the unmodified `sam deploy`, the AWS SDKs and the `trimtab` command speak to through
``AWS_ENDPOINT_URL``. Behind it are moto and `trimtab_lab.world`, as in `trimtab_lab.embedded`;
around them what moto lacks: CloudFormation (`trimtab_lab.cloud.stacks`), Lambda that runs the
uploaded code in AWS's own runtime client (`runtime`, `lambdas`), event sources, rules and schedules
that deliver (`sources`, `clockwork`). Start one with ``python -m trimtab_lab.cloud``;
docs/local-cloud.md says what it is and what it is not.
"""
