# SPDX-License-Identifier: AGPL-3.0-or-later
"""One object of a feed, checked: it can be kept, or there are reasons why not."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.feeds.assumptions import Assumptions, complete, owner_of
from wwcp_ocpi.feeds.reading import Entry
from wwcp_ocpi.protocol import codec, conformance, patch
from wwcp_ocpi.protocol.conformance import Finding, Severity
from wwcp_ocpi.protocol.endpoint import Resource
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.scalars import DateTime, PartyId


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """An object that can be kept, with what the store needs to know of it."""

    index: int
    owner: PartyId
    id: str
    last_updated: DateTime
    body: bytes
    warnings: list[Finding]
    assumed: list[str]


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """What cannot be an object, and why."""

    index: int
    reasons: list[str]
    body: bytes


def check(resource: Resource, entry: Entry, assumed: Assumptions) -> Good | Rejected:
    """Complete and check one entry of a feed."""
    if entry.error is not None:
        return Rejected(index=entry.index, reasons=[entry.error], body=entry.body)
    try:
        fields = patch.split(entry.body)
        completed, assumptions = complete(resource.type, fields, assumed)
        body = entry.body if completed is fields else patch.join(completed)
        findings = [] if codec.conforms(resource.type, body) else conformance.check(resource.type, body)
    except OCPIError as error:
        return Rejected(index=entry.index, reasons=[str(error)], body=entry.body)
    reasons = [f"{found.path}: {found.message}" for found in findings if found.severity is Severity.ERROR]
    # A Terminal names the CPO that it is for; whose it is, it does not say.
    owner = assumed.party if resource.party_is_audience else owner_of(completed, assumed)
    id = patch.text_of(completed, resource.id_field)
    if not reasons and (owner is None or not id):
        reasons = [
            "$.party_id: nobody knows whose object this is; name a party"
            if owner is None
            else f"$.{resource.id_field}: empty"
        ]
    if reasons or owner is None or not id:
        return Rejected(index=entry.index, reasons=reasons, body=entry.body)
    return Good(
        index=entry.index,
        owner=owner,
        id=id,
        last_updated=patch.moment_of(completed) or DateTime.from_micros(0),
        body=body,
        warnings=[found for found in findings if found.severity is Severity.WARNING],
        assumed=assumptions,
    )
