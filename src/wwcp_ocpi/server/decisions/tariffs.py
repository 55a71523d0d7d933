# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which Tariffs hold for this eMSP at this Connector? The question of the gateway to the CPO's system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class ConnectorTariffs(msgspec.Struct, frozen=True, kw_only=True):
    """A Connector is about to be shown to a partner. `tariff_ids` are those that it has for everybody."""

    partner: str
    version: str
    location_id: str
    evse_uid: str
    connector_id: str
    tariff_ids: tuple[str, ...] = ()


class TariffChooser(Protocol):
    """Chooses Tariffs per partner, alike for what is read and for what is pushed.

    It is asked for each Connector of each Location on a page, so it must be quick, wait for nobody and not fail. When
    its mind changes, what partners hold follows at their next pull, or when the Location is published anew.
    """

    def tariff_ids(self, asked: ConnectorTariffs) -> Sequence[str]:
        """The ids that this partner is shown, in order; of several, 2.1.1 has room for the first."""
        ...
