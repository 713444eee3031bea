"""Anchor: where every service's hash chain ends, to be kept where nobody edits it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from trimtab.codec import encode, iso
from trimtab.model.ids import ServiceId
from trimtab.model.link import Head
from trimtab.ports import Store, Vault

EVERYTHING = ServiceId("#all")
"""Under which what concerns all services is logged."""


def anchor_of(heads: Mapping[ServiceId, Head], at: datetime) -> dict[str, object]:
    """Return an anchor as it is written down: the form that ``trimtab log verify`` reads.

    It says too until when entries are kept, where that is not for ever: nobody can say later that
    they were due.
    """
    lines = [{"service": name, **encode(head)} for name, head in heads.items()]
    return {"anchored_at": iso(at), "heads": lines}


def lock_away(heads: Mapping[ServiceId, Head], at: datetime, vault: Vault) -> bool:
    """Keep a day's first anchor in the vault; ``False``: it has that day's already."""
    text = json.dumps(anchor_of(heads, at), sort_keys=True, separators=(",", ":"))
    return vault.keep(f"anchors/{at:%Y/%m/%d}.json", text)


def heads_of_all(store: Store) -> Mapping[ServiceId, Head]:
    """Return the heads of all chains there are, in name order."""
    services = [EVERYTHING, *(listed.service for listed in store.services())]
    found = store.heads(services)
    return {service: found[service] for service in services if service in found}
