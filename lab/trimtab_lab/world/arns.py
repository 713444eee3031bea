"""Names of real shape, always the same for the same name: a policy outlives the seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


def _hex(*words: str) -> str:
    return hashlib.sha256("/".join(words).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Arns:
    """Builds the ARNs of one account and Region."""

    region: str
    account: str

    def load_balancer(self, name: str) -> str:
        """ARN of an Application Load Balancer."""
        return f"{self._elb()}:loadbalancer/app/{name}/{_hex('lb', name)[:16]}"

    def listener(self, load_balancer: str, port: int) -> str:
        """ARN of a listener of the load balancer."""
        balancer = _hex("lb", load_balancer)[:16]
        own = _hex("listener", load_balancer, str(port))[:16]
        return f"{self._elb()}:listener/app/{load_balancer}/{balancer}/{own}"

    def rule(self, load_balancer: str, port: int, name: str) -> str:
        """ARN of a listener's rule."""
        listener = self.listener(load_balancer, port).replace(":listener/", ":listener-rule/")
        return f"{listener}/{_hex('rule', load_balancer, name)[:16]}"

    def target_group(self, name: str) -> str:
        """ARN of a target group."""
        return f"{self._elb()}:targetgroup/{name}/{_hex('tg', name)[:16]}"

    def scaling_group(self, name: str) -> str:
        """ARN of an Auto Scaling group."""
        digits = _hex("asg", name)
        uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
        return (
            f"arn:aws:autoscaling:{self.region}:{self.account}"
            f":autoScalingGroup:{uuid}:autoScalingGroupName/{name}"
        )

    def alarm(self, name: str) -> str:
        """ARN of a CloudWatch alarm."""
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{name}"

    def _elb(self) -> str:
        return f"arn:aws:elasticloadbalancing:{self.region}:{self.account}"


def subnet_id(zone: str) -> str:
    """The one subnet of a zone."""
    return f"subnet-{_hex('subnet', zone)[:17]}"


def load_balancer_dimension(arn: str) -> str:
    """``app/shop/50dc...``: how CloudWatch names a load balancer."""
    return arn.split(":loadbalancer/", 1)[1]


def target_group_dimension(arn: str) -> str:
    """``targetgroup/shop-blue/73e2...``: how CloudWatch names a target group."""
    return arn.rsplit(":", 1)[1]
