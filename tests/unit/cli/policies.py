"""Documents and names that the tests of the policy stand on."""

from datetime import timedelta

from trimtab.errors import NotFound
from trimtab.model.ids import Arn
from trimtab.model.signs import Marks

SHOP = """\
service: shop
mode: enforce
fleets:
  blue: {target_group: shop-blue, scaling_group: shop-blue-asg}
  green: {target_group: shop-green, scaling_group: shop-green-asg}
health:
  load_balancer: {unhealthy_for: 90s}
  outliers:
    - metric: {namespace: Shop, name: Latency, statistic: p95, unit: milliseconds}
      floor: 250ms
  eject: {max_share: 25%, keep_out: 10m}
scaling:
  rules:
    - {type: target_tracking, metric: requests_per_target, target: 15/s}
    - {type: target_tracking, metric: cpu, target: 60%}
  min: 2
  max: 40
routes:
  - name: main
    listener_rule: shop:80/10
    split: {blue: 3, green: 1}
guard: {max_removals_per_hour: 4}
"""

SMALL = """\
service: shop
fleets:
  blue: {target_group: shop-blue, scaling_group: shop-blue-asg}
  green: {target_group: shop-green}
"""
"""Four lines that are right: what a test adds begins on line 5."""

ELB = "arn:aws:elasticloadbalancing:eu-west-1:111122223333"


class KnownNames:
    """An account that has the shop's resources; an ARN means itself."""

    def target_group(self, name: str) -> tuple[Arn, str]:
        if name.startswith("arn:"):
            return Arn(name), "app/shop/1"
        if not name.startswith("shop-"):
            raise NotFound(f"no target group is named {name}; see `aws elbv2 ...`")
        return Arn(f"{ELB}:targetgroup/{name}/1"), "app/shop/1"

    def slow_start(self, target_group: Arn) -> timedelta:
        return timedelta(0)

    def marks(self, target_group: Arn, group: str | None) -> tuple[Marks, Marks]:
        """Nobody else manages anything, but for what is named after who does."""
        kubernetes = Marks("kubernetes", "elbv2.k8s.aws/cluster")
        of_group = Marks(do_not_touch=True) if group and "untouchable" in group else Marks()
        return (kubernetes if "k8s" in target_group else Marks()), of_group

    def group(self, name: str) -> str:
        if not name.endswith("-asg"):
            raise NotFound("no such Auto Scaling group")
        return name

    def rule(self, name: str) -> Arn:
        if name.startswith("arn:"):
            return Arn(name)
        if name != "shop:80/10":
            raise NotFound("no such rule")
        return Arn(f"{ELB}:listener-rule/app/shop/1/2/3")
