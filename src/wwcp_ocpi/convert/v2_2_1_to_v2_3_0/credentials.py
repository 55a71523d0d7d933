# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credentials of OCPI 2.2.1 and 2.3.0: a hub is a role of its own, and a party that is named."""

from __future__ import annotations

from wwcp_ocpi.convert.rules import Rule, differs, raw, says
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.patch import RawObject, children, text_of
from wwcp_ocpi.scalars import fold


def _party(role: RawObject) -> str:
    return (text_of(role, "country_code") or "") + (text_of(role, "party_id") or "")


def of_hub(fields: RawObject, work: Work) -> Work:
    """Tell the roles of a platform which party is its hub."""
    said = {**fields, **_hub(fields, work)} if work.is_up else fields
    return work.within(hub=text_of(said, "hub_party_id"))


def _is_hub(role: RawObject, hub: str | None) -> bool:
    return hub is not None and text_of(role, "role") == "OTHER" and fold(_party(role)) == fold(hub)


def _hub(fields: RawObject, work: Work) -> RawObject:
    try:
        hub = next((role for role in children(fields, "roles") if text_of(role, "role") == "HUB"), None)
    except InvalidParameters:
        return {}
    return {} if hub is None else {"hub_party_id": raw(_party(hub))}


def _no_hub(fields: RawObject, work: Work) -> RawObject:
    hub = text_of(fields, "hub_party_id")
    if says(fields.get("hub_party_id")) and not any(_is_hub(role, hub) for role in children(fields, "roles")):
        work.lose(".hub_party_id", f"OCPI {work.target} names a hub by its role, and no party has it")
    return {}


def _other(fields: RawObject, work: Work) -> RawObject:
    return {"role": raw("OTHER") if text_of(fields, "role") == "HUB" else fields["role"]}


def _role(fields: RawObject, work: Work) -> RawObject:
    return {"role": raw("HUB") if _is_hub(fields, work.scope.get("hub")) else fields["role"]}


_WHY = "A role HUB is OTHER above, and its party `hub_party_id`. Below, the party that this names is the HUB."

OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Credentials", "Credentials"): (differs("", "hub_party_id", up=_hub, down=_no_hub, why=_WHY),),
    ("CredentialsRole", "CredentialsRole"): (differs("role", "role", up=_other, down=_role, why=_WHY),),
}
