"""One look for each kind of action: is what it should change so, by what is seen now? Pure."""

from __future__ import annotations

from trimtab.effects.harm import errors_rise
from trimtab.effects.traffic import traffic_of
from trimtab.model.assessment import Condition, FleetBelief
from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight, gainers
from trimtab.model.effect import Proof, Unverified, Vitals
from trimtab.model.ids import FleetId, TargetId
from trimtab.model.observation import Group, Lifecycle
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import ReasonCode
from trimtab.model.situation import Situation

Said = tuple[Proof | None, str]
"""What is proven, and in words what was found; ``None``: not to be told yet."""


def look(held: Unverified, later: Unverified | None, at: Situation) -> Said:
    """Tell whether an action's expectation is met. ``later``: what was done to the same since."""
    change = held.change
    match change:
        case Eject():
            return _at_ejected(change, held, later, at)
        case Retire():
            return _at_retired(change, at)
        case Restore():
            return _at_restored(change, later, at)
        case Resize() if change.after > change.before:
            return _at_grown(change, held, at)
        case Resize():
            return _at_shrunk(change, held, later, at)
        case Reweight():
            return _at_shifted(change, held, later, at)


def _at_ejected(change: Eject, held: Unverified, later: Unverified | None, at: Situation) -> Said:
    belief = at.believed(change.fleet)
    if belief.targets is None:
        return None, f"target health of {change.fleet} could not be read"
    if not is_out(change.fleet, change.target, at):
        if later is not None:
            return Proof.UNKNOWN, f"{change.target} was brought back before its effect showed"
        return Proof.INEFFECTIVE, f"{change.target} is in rotation, and we did not bring it back"
    out = f"{change.target} takes no traffic"
    if not held.expects.carried:
        return Proof.VERIFIED, out
    proof, words = _fares(change.fleet, held, at)
    return proof, f"{out}; {words}"


def is_out(fleet: FleetId, target: TargetId, at: Situation) -> bool:
    """Tell whether a target that is seen, or seen to be absent, gets no new requests."""
    here = at.belief.targets_of(fleet).get(target)
    return here is None or here.condition in (Condition.LEAVING, Condition.IDLE)


def _at_restored(change: Restore, later: Unverified | None, at: Situation) -> Said:
    if at.believed(change.fleet).targets is None:
        return None, f"target health of {change.fleet} could not be read"
    here = at.belief.targets_of(change.fleet).get(change.target)
    if later is not None:
        return Proof.INEFFECTIVE, f"{change.target} was taken out again at {later.at:%H:%M}"
    if here is None:
        return Proof.INEFFECTIVE, f"{change.target} is not registered"
    if here.condition is Condition.UNKNOWN:
        return None, f"the load balancer cannot say how {change.target} is"
    if here.serves and not here.bad:
        return Proof.VERIFIED, f"{change.target} is in service and healthy"
    why = "; ".join(e.text for e in here.evidence) or f"it is {here.target.state}"
    return Proof.INEFFECTIVE, f"{change.target} is not well: {why}"


def _at_retired(change: Retire, at: Situation) -> Said:
    group = at.fleet(change.fleet).group
    if group is None:
        return None, f"{change.group} could not be read"
    here = {m.instance: m.lifecycle for m in group.members}.get(change.instance)
    if here in (None, Lifecycle.LEAVING):
        return Proof.VERIFIED, f"{change.instance} is {here or 'gone'}"
    return Proof.INEFFECTIVE, f"{change.instance} is {here} still"


def _at_grown(change: Resize, held: Unverified, at: Situation) -> Said:
    """Count members that serve.

    Those that did not before are not expected to now, nor those that we took out since: standby
    made the size smaller by them.
    """
    group, belief = at.fleet(change.fleet).group, at.believed(change.fleet)
    if group is None or belief.targets is None:
        return None, f"{change.group} or its targets could not be read"
    out = _taken_out_since(held, change.fleet, at)
    goal = change.after - out
    if group.desired < goal:
        return Proof.UNKNOWN, f"the size was set to {group.desired} since"
    was = held.expects.before.get(change.fleet, Vitals()).serving
    lost = 0 if was is None else max(0, change.before - was - out)
    serving = _serving_members(group, belief)
    if serving >= goal - lost:
        return Proof.VERIFIED, f"{serving} members of {change.fleet} serve"
    launching = sum(1 for m in group.members if m.lifecycle is Lifecycle.PENDING)
    text = f"{goal} members were asked for, {serving} serve and {launching} are launching"
    if group.launch_failure:
        text += f"; launches fail: {group.launch_failure}"
    return Proof.INEFFECTIVE, text


def _taken_out_since(held: Unverified, fleet: FleetId, at: Situation) -> int:
    """Count what left the group by our doing since, or is about to."""
    out = [e.eject for e in at.memory.fleet(fleet).ejected.values() if e.since >= held.at]
    out += [p.change for p in at.memory.pending if isinstance(p.change, Eject)]
    return sum(
        1 for e in out if e.fleet == fleet and e.method is EjectMethod.STANDBY and not e.replace
    )


def _serving_members(group: Group, belief: FleetBelief) -> int:
    serving = {b.target.instance for b in belief.targets or () if b.serves}
    return sum(
        1 for m in group.members if m.lifecycle is Lifecycle.IN_SERVICE and m.instance in serving
    )


def _at_shrunk(change: Resize, held: Unverified, later: Unverified | None, at: Situation) -> Said:
    group = at.fleet(change.fleet).group
    if group is None or at.believed(change.fleet).targets is None:
        return None, f"{change.group} or its targets could not be read"
    if group.desired >= change.before:
        if later is not None and later.reason is ReasonCode.LOAD_ABOVE_TARGET:
            return (
                Proof.INEFFECTIVE,
                f"the load called for {group.desired} again at {later.at:%H:%M}",
            )
        return Proof.UNKNOWN, f"the size was set to {group.desired} since"
    if group.in_service > max(change.after, group.desired):
        return Proof.INEFFECTIVE, f"{group.in_service} members are still in service"
    return _fares(change.fleet, held, at)


def _at_shifted(
    change: Reweight, held: Unverified, later: Unverified | None, at: Situation
) -> Said:
    seen = at.seen.routes.get(change.route)
    if seen is None:
        return None, f"{change.route} could not be read"
    now = {arn: seen.weights.get(arn) for arn in change.after}
    if later is None and now != dict(change.after):
        return Proof.UNKNOWN, "the weights were set to something else since"
    fleets = {p.target_group: f for f, p in at.policy.fleets.items()}
    got = traffic_of(change, held, at)
    if got is not None and got.came_to_nothing:
        return Proof.INEFFECTIVE, got.text
    said = [_fares(fleets[arn], held, at) for arn in gainers(change) if arn in fleets]
    words = "; ".join(text for _, text in said) or "the weights are as they were set"
    words = f"{words}; {got.text}" if got is not None else words
    proofs = {proof for proof, _ in said}
    if Proof.INEFFECTIVE in proofs:
        return Proof.INEFFECTIVE, words
    return (None, words) if None in proofs else (Proof.VERIFIED, words)


def _fares(fleet: FleetId, held: Unverified, at: Situation) -> Said:
    """Tell whether a fleet carries what it has. What was known before must be known after."""
    belief, was = at.believed(fleet), held.expects.before.get(fleet, Vitals())
    if belief.targets is None:
        return None, f"target health of {fleet} could not be read"
    demand, errors = belief.demand, errors_rise(fleet, held, at)
    if was.units is not None and (demand is None or demand.at < held.done):
        return None, f"the load of {fleet} since then is not known"
    if was.errors is not None and errors is None:
        return None, f"the errors of {fleet} since then are not known"
    if belief.down:
        return Proof.INEFFECTIVE, f"nothing in {fleet} can be trusted to serve"
    words = [f"{belief.trusted} of {fleet} carry {demand.units:.2f} units"] if demand else []
    if errors is not None:
        words.append(f"{errors.after:.1%} of requests fail, {errors.before:.1%} before")
    text = ", ".join(words) or f"{belief.trusted} of {fleet} serve"
    if errors is not None and errors.is_one:
        return Proof.INEFFECTIVE, text
    if demand and demand.units > belief.trusted * at.policy.guard.max_load:
        return Proof.INEFFECTIVE, f"{text}, more than they are meant to"
    return Proof.VERIFIED, text
