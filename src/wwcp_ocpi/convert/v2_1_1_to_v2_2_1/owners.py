# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose an object is: named in it since OCPI 2.2, before that by the URL and the credentials token alone."""

from __future__ import annotations

from wwcp_ocpi.convert.rules import Rule, differs, is_given, nothing, raw
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.patch import RawObject

_NAMES = ("country_code", "party_id")


def _owner(fields: RawObject, work: Work) -> RawObject:
    owner = work.context.owner
    if owner is not None:
        return {"country_code": raw(owner.country_code), "party_id": raw(owner.party_id)}
    said = {name: fields[name] for name in _NAMES if is_given(fields.get(name))}
    for name in _NAMES:
        if not bytes(said.get(name, b"")).startswith(b'"'):
            raise work.refusal(f".{name}", "owner", "wants the owner named in the object")
    return said


def owned() -> Rule:
    """Country code and party id of the owner, which only the upper version has."""
    return differs(
        "",
        " ".join(_NAMES),
        up=_owner,
        down=nothing,
        why="2.1.1 names the owner in the URL alone, so nothing is lost below. Above, the setting `owner` says it, or "
        "an object that names it all the same.",
    )
