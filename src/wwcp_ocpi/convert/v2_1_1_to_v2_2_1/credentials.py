# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credentials of OCPI 2.1.1 and 2.2.1: one party, and a list of roles."""

from __future__ import annotations

from typing import Any

import msgspec

from wwcp_ocpi.convert.rules import Rule, differs, raw
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.patch import RawObject, children

_PARTY = ("business_details", "party_id", "country_code")


def _roles(fields: RawObject, work: Work) -> RawObject:
    if work.context.role is None:
        raise work.refusal(".roles", "role", "wants the role of the platform")
    party: dict[str, Any] = {"role": work.context.role, **{name: fields[name] for name in _PARTY if name in fields}}
    return {"roles": raw([party])}


def _party(fields: RawObject, work: Work) -> RawObject:
    roles = children(fields, "roles")
    wanted = work.context.role
    chosen = next(
        (index for index, role in enumerate(roles) if wanted and role.get("role") == msgspec.Raw(raw(wanted))), 0
    )
    for index in range(len(roles)):
        if index != chosen:
            work.lose(f".roles[{index}]", f"OCPI {work.target} has one party in one role")
    work.lose(f".roles[{chosen}].role", f"OCPI {work.target} does not name the role")
    return {name: roles[chosen][name] for name in _PARTY if name in roles[chosen]}


OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Credentials", "Credentials"): (
        differs(
            "business_details party_id country_code",
            "roles",
            up=_roles,
            down=_party,
            why="One party below, which is the one with the role of the setting `role`, or the first. Above it is"
            " the only entry of `roles`, with that role.",
        ),
    ),
}
