"""What roles may do to the tables: to the log only add, of Memory only touch what is theirs.

A check returns a sentence for each fault it finds, and nothing if all is well.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.template.stack import FUNCTIONS, Stack, references

REWRITING = {
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
}
ADDING = {"dynamodb:UpdateItem"}
"""What counts in Memory are added to by; ``counts_are_only_added_to`` says whose and which."""


def the_log_is_append_only(stack: Stack) -> Iterator[str]:
    """No function may update or delete in the log: not allowed, and denied besides."""
    for function in FUNCTIONS:
        role = stack.role_of(function)
        denied: set[str] = set()
        for statement in stack.statements(role):
            rewriting = REWRITING & set(statement.actions)
            elsewhere = statement.resource == {"Fn::GetAtt": ["Memory", "Arn"]}
            if statement.allow and rewriting - (ADDING if elsewhere else set()):
                yield f"{function} may {sorted(rewriting)}"
            if not statement.allow and references(statement.resource, "Log"):
                denied |= rewriting
        yield from (f"{function} is not denied {action}" for action in REWRITING - denied)


IN_TRANSACTION = {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
ON_CHAINS = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["chain#*"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
"""The heads of the log's hash chains and nothing else of Memory; never without a key."""
ON_CHAINS_AND_MARKS = {
    **ON_CHAINS,
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["chain#*", "checked#*"]},
}
ON_MARKS = {**ON_CHAINS, "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["checked#*"]}}
"""How far anchor walked each chain: the one thing it writes."""
ON_TELLINGS = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["told#*"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
"""What people were told, and nothing else of Memory."""
ON_REPORTS = {**ON_CHAINS, "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["report#*"]}}
"""What probes and access logs saw."""


ON_SERVICES = {
    "ForAllValues:StringNotEquals": {"dynamodb:LeadingKeys": ["#all", "#blast", "#services"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
"""What is a service's own; not the pause of everything, the directory, nor what all have lost."""
ON_COUNTS = {
    "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["#blast"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
ON_LEASES = {
    "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["#leases"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
ON_CHAINS_AND_LEASES = ON_CHAINS | {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["chain#*", "#leases"]}
}


def writes_stay_in_the_transaction(stack: Stack) -> Iterator[str]:
    """Items are put inside a transaction only: memory and ticks by reconcile, chains by three.

    The warden puts leases besides; notify puts what it told, anchor how far it walked, and
    nothing else.
    """
    reconcile, act, notify = (stack.role_of(f) for f in ("reconcile", "act", "notify"))
    warden, anchor = stack.role_of("warden"), stack.role_of("anchor")
    own = {
        (reconcile, "Memory"): ON_SERVICES,
        (reconcile, "Ticks"): ON_SERVICES,
        (reconcile, "Log"): {},
        (act, "Memory"): ON_CHAINS,
        (act, "Log"): {},
        (warden, "Memory"): ON_CHAINS_AND_LEASES,
        (warden, "Log"): {},
        (notify, "Memory"): ON_TELLINGS,
        (anchor, "Memory"): ON_MARKS,
        (stack.role_of("access"), "Memory"): ON_REPORTS,
        (stack.role_of("survey"), "Memory"): ON_REPORTS,
    }
    for role in stack.roles:
        for statement in stack.allowed(role):
            if "dynamodb:PutItem" not in statement.actions:
                continue
            for table in ("Memory", "Log", "Ticks"):
                if not references(statement.resource, table):
                    continue
                if (role, table) not in own:
                    yield f"{role} may put into {table}"
                if statement.condition != IN_TRANSACTION | own.get((role, table), {}):
                    yield f"{role} may put into {table} what or how it never does"


def counts_are_only_added_to(stack: Stack) -> Iterator[str]:
    """Items are updated by reconcile alone, in its transaction: what all services have lost."""
    for role in stack.roles:
        for statement in stack.allowed(role):
            if "dynamodb:UpdateItem" not in statement.actions:
                continue
            if role != stack.role_of("reconcile"):
                yield f"{role} may update items"
            if statement.resource != {"Fn::GetAtt": ["Memory", "Arn"]}:
                yield f"{role} may update items of {statement.resource}"
            if statement.condition != IN_TRANSACTION | ON_COUNTS:
                yield f"{role} may update more than what all services have lost"


def single_items_of_memory_are_heads(stack: Stack) -> Iterator[str]:
    """Whoever may get an item of Memory by itself gets the heads of chains only, and so anchor.

    But access: it gets policies, which lie under the names of their services.
    """
    for role in stack.roles:
        if role == stack.role_of("access"):
            continue
        reading = {"dynamodb:GetItem"}
        if role == stack.role_of("anchor"):
            reading.add("dynamodb:BatchGetItem")
        for statement in stack.allowed(role):
            if not reading & set(statement.actions):
                continue
            if statement.resource != {"Fn::GetAtt": ["Memory", "Arn"]}:
                yield f"{role} may get single items of {statement.resource}"
            marks = role == stack.role_of("anchor")
            if statement.condition != (ON_CHAINS_AND_MARKS if marks else ON_CHAINS):
                yield f"{role} may get more of Memory than the heads of chains"


def the_warden_queries_leases_only(stack: Stack) -> Iterator[str]:
    """The warden reads no policy and no memory: it must not need them."""
    for statement in stack.allowed(stack.role_of("warden")):
        if "dynamodb:Query" in statement.actions and statement.condition != ON_LEASES:
            yield "warden may query more of Memory than leases"


def reconcile_queries_reports_only(stack: Stack) -> Iterator[str]:
    """Memory and policies are read by key; only of reports there are as many as there are."""
    for statement in stack.allowed(stack.role_of("reconcile")):
        if "dynamodb:Query" in statement.actions and statement.condition != ON_REPORTS:
            yield "reconcile may query more of Memory than reports"


def the_directory_is_all_they_read(stack: Stack) -> Iterator[str]:
    """Schedule and wake read the directory of services and nothing else of Memory.

    Anchor reads the heads of chains besides, notify what people were told.
    """
    others = {"anchor": ON_CHAINS_AND_MARKS, "notify": ON_TELLINGS}
    for function in ("schedule", "wake", "anchor", "notify"):
        for statement in stack.allowed(stack.role_of(function)):
            if not references(statement.resource, "Memory"):
                continue
            if set(statement.actions) & {"dynamodb:PutItem"}:  # held to its own above
                continue
            if function in others and statement.condition == others[function]:
                continue
            keys = statement.condition.get("ForAllValues:StringEquals", {})
            guard = statement.condition.get("Null", {})
            if keys.get("dynamodb:LeadingKeys") != ["#services"]:
                yield f"{function} reads more of Memory than the directory"
            if guard.get("dynamodb:LeadingKeys") != "false":
                yield f"{function}: ForAllValues holds without a key; expected a Null guard"


CHECKS = (
    the_log_is_append_only,
    writes_stay_in_the_transaction,
    counts_are_only_added_to,
    single_items_of_memory_are_heads,
    the_warden_queries_leases_only,
    reconcile_queries_reports_only,
    the_directory_is_all_they_read,
)
