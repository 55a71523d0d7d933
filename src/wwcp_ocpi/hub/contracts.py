# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which eMSP a contract id belongs to, from the Tokens that went through the hub.

A Session or CDR of 2.1.1 names its driver by the contract id alone, so a hub must know whose that is. It is kept as an
object of its own kind beside the Tokens, written in the same transaction. Who named a contract first keeps it: no other
eMSP gets at its drivers' Sessions by naming it, too.
"""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.store.ports import Decide, Key, Objects, Side, Stored, Write

KIND = "tokens/contracts"
"""The kind of these objects in the store. No version has it, so no partner can read it."""


class Contract(msgspec.Struct, frozen=True):
    """The Token of a contract, as the store names it."""

    owner: PartyId
    token: str


def key_of(hub: PartyId, contract_id: str) -> Key:
    """Where the contract is kept."""
    return Key(Side.OURS, KIND, hub, fold(contract_id))


def naming(token: Key, source: str, version: str) -> Decide:
    """Remember whose Token names the contract, unless another partner's does."""
    body = msgspec.json.encode(Contract(token.owner, token.id))

    def decide(stored: Stored | None) -> Write | None:
        if stored is not None and (stored.source != source or stored.body == body):
            return None
        return Write(version=version, last_updated=0, body=body, source=source)

    return decide


async def token_key(store: Objects, hub: PartyId, contract_id: str) -> Key | None:
    """The key of the Token that names this contract; None: no such Token came by."""
    stored = await store.get(key_of(hub, contract_id)) if contract_id else None
    if stored is None:
        return None
    found = msgspec.json.decode(stored.body, type=Contract)
    return Key(Side.OURS, "tokens", found.owner, found.token)
