# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our one-time password in the header of a request, made for the connection that carries it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import msgspec

from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import AUTHORIZATION, TOTP, Channel
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security import totp
from wwcp_ocpi.security.carriers import Carrier, write_basic, write_header, write_scheme


class Passwords(msgspec.Struct, frozen=True, kw_only=True):
    """How we show passwords to one partner. `is_bound` asks for TLS 1.3: without it nothing is sent."""

    totp: totp.TOTP
    carrier: Carrier = Carrier.HEADER
    is_bound: bool = False
    clock: Callable[[], float] = time.time

    def headers(self, token: Secret, channel: Channel | None) -> Mapping[str, str]:
        """The headers with the password of now; in Basic and TOTP the credentials token is the login.

        Raises:
            Unreachable: the password must be bound and the connection has no material for it (no downgrade).
        """
        exporter = b""
        if self.is_bound:
            exporter = (channel.exporter if channel is not None else None) or b""
            if not exporter:
                raise Unreachable("one-time passwords must be bound to the connection, and this one is not TLS 1.3")
        password = self.totp.password(self.totp.slot_at(self.clock()), exporter)
        if self.carrier is Carrier.HEADER:
            return {TOTP: write_header(password, is_bound=self.is_bound)}
        if self.carrier is Carrier.BASIC:
            return {AUTHORIZATION: write_basic(token.reveal(), password)}
        return {AUTHORIZATION: write_scheme(token.reveal(), password, is_bound=self.is_bound)}
