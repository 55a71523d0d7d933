# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the demo needs of the operator's network that it moves, whatever that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from wwcp_ocpi.demo.steps import Steps
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the network at gateway A. `rejected` counts by reason."""

    objects: int
    rejected: int = 0
    reasons: dict[str, int] = {}
    assumed: dict[str, int] = {}


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE whose status was changed at gateway A, as partners name it."""

    owner: PartyId
    location_id: str
    evse_uid: str
    status: str


class DemoNetwork(Protocol):
    """A roaming network made by a seed, or a real OCPI feed."""

    @property
    def title(self) -> str:
        """In one line, for people."""
        ...

    @property
    def version(self) -> Version:
        """The version that its objects are in."""
        ...

    @property
    def parties(self) -> Sequence[PartyId]:
        """The operators."""
        ...

    @property
    def losses(self) -> Mapping[str, int]:
        """What was told otherwise at the end of the way, or not at all, and how often."""
        ...

    async def publish(self, gateway: Gateway) -> Published:
        """Make the network the gateway's own."""
        ...

    async def change_status(self, gateway: Gateway) -> Changed:
        """Change the status of one EVSE, as its operator would."""
        ...

    async def expect(self, gateway: Gateway, provider: PartyId) -> None:
        """Make the partner's gateway ready for it."""
        ...

    def charges(self, a: Gateway, b: Gateway, provider: PartyId, changed: Changed) -> Steps:
        """What the provider's driver does there, from his Token to his bill."""
        ...

    async def close(self) -> None:
        """Let go of what was opened for it."""
        ...
