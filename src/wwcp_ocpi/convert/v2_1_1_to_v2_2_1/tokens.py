# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tokens of OCPI 2.1.1 and 2.2.1."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.convert.rules import Rule, added, differs, is_given, passes, removed, renamed
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.locations import IDS
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.owners import owned
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.patch import RawObject, join


def _token(fields: RawObject, work: Work) -> RawObject:
    known = work.context.token
    if known is None:
        if is_given(fields.get("token")):
            return {}  # an object that names it all the same
        raise work.refusal(".token", "token", "wants the Token that was asked for")
    return {"token": msgspec.Raw(join(work.whole(known, "Token")))}


def _no_token(fields: RawObject, work: Work) -> RawObject:
    work.lose(".token", f"OCPI {work.target} leaves it at the Token that was asked for")
    return {}


OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Token", "Token"): (
        owned(),
        renamed("auth_id", "contract_id"),
        *added(
            "group_id",
            "default_profile_type",
            "energy_contract",
            why="2.1.1 has neither groups nor charging preferences nor energy contracts.",
        ),
    ),
    ("AuthorizationInfo", "AuthorizationInfo"): (
        differs(
            "",
            "token",
            up=_token,
            down=_no_token,
            why="2.2.1 answers with the Token. The setting `token` is the one that was asked for.",
        ),
        *added("authorization_reference", why="2.1.1 has no reference to an authorization."),
    ),
    ("LocationReferences", "LocationReferences"): (
        *passes("location_id", "evse_uids", why=IDS),
        removed("connector_ids", why="2.2.1 names EVSEs, no Connectors."),
    ),
}
