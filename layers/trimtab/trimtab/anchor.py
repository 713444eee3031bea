"""Anchor: where every service's hash chain ends, to be kept where nobody edits it."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.model.ids import ServiceId
from trimtab.model.link import Head
from trimtab.ports import Store

EVERYTHING = ServiceId("#all")
"""Under which what concerns all services is logged."""


def heads_of_all(store: Store) -> Mapping[ServiceId, Head]:
    """Return the heads of all chains there are, in name order."""
    services = [EVERYTHING, *(listed.service for listed in store.services())]
    found = store.heads(services)
    return {service: found[service] for service in services if service in found}
