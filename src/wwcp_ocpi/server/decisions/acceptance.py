# SPDX-License-Identifier: AGPL-3.0-or-later
"""Do we take this CDR? The question of the gateway to the eMSP's own system, before it is stored and answered.

Whoever does not ask keeps every CDR that is well-formed: one that is refused is not sent again by most CPOs, and then
nobody has it when the invoice comes. So refuse only what cannot be meant for you.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import PartyId


class AcceptanceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A partner posted an object that is final: a CDR. It is well-formed, and its owner is a party of the partner.

    `body` is as it came, in this version. `kind` names its objects in the store.
    """

    partner: str
    version: str
    kind: str
    owner: PartyId
    id: str
    body: bytes


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. A refusal goes to the partner as this OCPI status code with `reason`, in HTTP 200."""

    accepted: bool
    reason: str = ""
    status_code: int = StatusCode.INVALID_PARAMETERS


ACCEPTED = Acceptance(accepted=True)


class Acceptor(Protocol):
    """Says whether posted objects are taken."""

    async def accept(self, asked: AcceptanceRequest) -> Acceptance:
        """Decide within seconds. It is asked once for each object, and again when the partner repeats a refused one."""
        ...
