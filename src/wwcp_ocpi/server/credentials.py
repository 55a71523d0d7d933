# SPDX-License-Identifier: AGPL-3.0-or-later
"""The credentials endpoint. What a registration means is decided by the partners' room, behind `Registrar`."""

from __future__ import annotations

from typing import Protocol

from wwcp_ocpi.protocol import conformance
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.caller import Caller


class Registrar(Protocol):
    """Registers, renews and unregisters partners; all bodies are Credentials objects of the version.

    Every method may raise MethodNotAllowed (wrong state: CRD-17, CRD-20, CRD-22) and PartnerError with OCPI
    status 3001, 3002 or 3003 when the partner's own endpoints cannot be used.
    """

    async def credentials(self, caller: Caller, version: Version) -> bytes:
        """Our credentials for this partner."""
        ...

    async def register(self, caller: Caller, version: Version, body: bytes) -> bytes:
        """Take the partner's credentials for the first time; returns ours, with its new token."""
        ...

    async def update(self, caller: Caller, version: Version, body: bytes) -> bytes:
        """Take new credentials of a registered partner; returns ours, with its new token."""
        ...

    async def unregister(self, caller: Caller) -> None:
        """End the relation: all tokens of this partner die."""
        ...


async def get_credentials(call: Call) -> Answer:
    """Our credentials, with the token that the caller uses."""
    return ok(await call.server.registrar.credentials(call.caller, call.version))


async def register(call: Call) -> Answer:
    """The second half of the handshake: the caller has an invitation and brings its credentials (CRD-15, CRD-16)."""
    return ok(await call.server.registrar.register(call.caller, call.version, _body(call)))


async def update_credentials(call: Call) -> Answer:
    """A registered partner brings new credentials, or another version (CRD-18, CRD-19)."""
    return ok(await call.server.registrar.update(call.caller, call.version, _body(call)))


async def unregister(call: Call) -> Answer:
    """The partner leaves (CRD-21)."""
    await call.server.registrar.unregister(call.caller)
    return ok()


def _body(call: Call) -> bytes:
    body = call.body()
    credentials = call.version.object_named("Credentials")
    conformance.refuse_errors(conformance.check(credentials, body), "credentials")
    return body
