# SPDX-License-Identifier: AGPL-3.0-or-later
"""A platform and partners that it knows without a handshake, and objects that it has published."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from tests.objects import MIDDLE
from tests.platforms import CPO, EMSP, Caller
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, Partner, PartnerParty, Purpose, Remote
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId, Secret


async def known(made: Platform, name: str, parties: tuple[PartyId, ...], role: str = "", **more: Any) -> Caller:
    """A registered partner of that name, and its calls."""
    role = role or ("EMSP" if made.settings.roles == {"CPO"} else "CPO")
    secret = Secret(f"token-{name}")
    access = (Access(hash=made.book._vault.hash_of(secret.reveal()), purpose=Purpose.ACCESS),)
    theirs = tuple(PartnerParty(id=id, role=role, name=name) for id in parties)
    remote = Remote(
        versions_url="https://emsp.example/ocpi/versions", token="x", form=TokenForm.RAW, version="2.2.1", endpoints=()
    )

    def edit(partner: Partner) -> Partner:
        return replace(partner, access=access, parties=theirs, remote=remote, **more)

    await made.book.change(name, edit)
    return Caller(made, secret)


async def publish(made: Platform, version: str, module: str, *bodies: dict[str, Any], concerns: PartyId = EMSP) -> None:
    things = [
        OwnObject(
            owner=CPO,
            id=body["id"],
            last_updated=DateTime.parse(MIDDLE).micros,
            body=json.dumps(body).encode(),
            concerns=concerns,
        )
        for body in bodies
    ]
    await made.publisher.publish(VERSIONS[version], module, things, push=False)
