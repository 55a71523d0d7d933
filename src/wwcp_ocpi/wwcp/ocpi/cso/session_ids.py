# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions by both names: that of the network, and that by which partners know them, which is shorter.

OCPI allows 36 characters, equal in any case; WWCP ids may be longer, and differ in case alone. Each pair is a document,
written before the id is told to anybody.
"""

from __future__ import annotations

from collections import OrderedDict

from wwcp_ocpi.scalars import fold
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ocpi.session import hashed_id, ocpi_id

_IN_MEMORY = 10_000


class SessionIds:
    """The pairs of one network."""

    def __init__(self, network_id: str, documents: Documents) -> None:
        self._kind = f"wwcp.ocpi.session_ids.{network_id}"
        self._documents = documents
        self._told: OrderedDict[str, str] = OrderedDict()

    async def ocpi_id(self, id: ChargingSessionId) -> str:
        """How partners know a session; from the first time on always the same."""
        known = self._told.get(id.canonical)
        if known is not None:
            self._told.move_to_end(id.canonical)
            return known
        wished = ocpi_id(id)
        made = wished if await self._is_given(wished, id) else hashed_id(id.canonical)
        if made != wished:
            await self._is_given(made, id)
        self._told[id.canonical] = made
        while len(self._told) > _IN_MEMORY:
            self._told.popitem(last=False)
        return made

    async def session_id(self, ocpi_id: str) -> ChargingSessionId | None:
        """The session that a partner means; None: none was ever told by that name."""
        body = await self._documents.document(self._kind, fold(ocpi_id))
        return ChargingSessionId.parse(body.decode()) if body is not None else None

    async def forget(self, id: ChargingSessionId) -> None:
        """The network knows the session no more."""
        made = await self.ocpi_id(id)
        self._told.pop(id.canonical, None)
        await self._documents.change_document(self._kind, fold(made), lambda _: None)

    async def _is_given(self, ocpi_id: str, id: ChargingSessionId) -> bool:
        """Whether the name is that of this session, now at the latest; another one may have it."""
        text = id.canonical.encode()
        body = await self._documents.change_document(self._kind, fold(ocpi_id), lambda known: known or text)
        return body == text
