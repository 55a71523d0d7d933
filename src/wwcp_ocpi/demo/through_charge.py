# SPDX-License-Identifier: AGPL-3.0-or-later
"""The charge of the demo with a hub between: A and B each speak their own version, and neither calls the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from msgspec.structs import replace

from wwcp_ocpi.demo import charging
from wwcp_ocpi.demo.charge import Charge
from wwcp_ocpi.demo.networks import Changed
from wwcp_ocpi.demo.steps import Failed
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Key, Side, Stored

HUB = "G"
"""The name under which A and B know the hub."""


class ThroughCharge(Charge):
    """The same steps, `version` at A and `spoken` at B."""

    asking = "A asks the hub, the hub asks B, and the Token is authorised"
    name_of_a = HUB
    name_of_b = HUB

    def __init__(
        self, a: Platform, b: Platform, version: Version, spoken: Version, provider: PartyId, changed: Changed
    ) -> None:
        super().__init__(a, b, version, provider, changed)
        self._spoken = spoken
        self._token = charging.token(spoken, provider)

    def _addressed(self) -> PartyId | None:
        return None

    async def _place(self) -> charging.Place:
        """Where the driver charges, in A's version: the Location with this EVSE and one Connector of it."""
        stored = await self._stored(self._a, Side.OURS, self._version, "locations", self._changed)
        if stored is None:
            raise Failed(f"expected Location {self._changed.location_id} at A")
        body = await self._a.bridge.body(Side.OURS, "locations", self._changed.owner, stored, self._version)
        location = codec.decode(cast(Any, self._version.object_named("Location")), body)
        evse = next(one for one in location.evses if one.uid == self._changed.evse_uid)
        evse = replace(evse, connectors=evse.connectors[:1])
        return charging.Place(owner=self._changed.owner, location=replace(location, evses=[evse]), evse=evse)

    def _key(self, module: str, made: OwnObject) -> Key:
        """Where B has an object of A."""
        resource = self._spoken.kind(module).resource
        return Key(Side.THEIRS, module, made.owner, self._spoken.key_id(resource, made.id, made.qualifier))

    def _has(self, platform: Platform, module: str, made: OwnObject) -> Callable[[], Awaitable[bool]]:
        """Whether a platform holds this object; what became of it on the way is compared at the end."""
        version = self._version if platform is self._a else self._spoken
        resource = version.kind(module).resource

        async def arrived() -> bool:
            ids = version.key_ids(resource, made.id, made.qualifier)
            found = [await platform.store.find(Side.THEIRS, module, id, [made.owner]) for id in ids]
            return any(found)

        return arrived

    async def _stored(
        self, platform: Platform, side: Side, version: Version, module: str, changed: Changed
    ) -> Stored | None:
        for id in version.key_ids(version.kind(module).resource, changed.location_id):
            stored = await platform.store.get(Key(side, module, changed.owner, id))
            if stored is not None:
                return stored
        return None
