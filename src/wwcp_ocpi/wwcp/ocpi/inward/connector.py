# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Connectors to WWCP charging connectors. Spec: mod_locations#mod_locations_connector_object.

OCPI tells power type, voltage, current and power per connector, WWCP once per EVSE: the greatest counts. Where the
connectors differ, each keeps its own in its custom data (`OCPI.Electrical`), so that they go out again as they came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.enums import ConnectorFormat, PowerType
from wwcp_ocpi.v2_3_0.locations import Connector
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.places import ChargingCable, ChargingConnector
from wwcp_ocpi.wwcp.model.texts import ChargingConnectorType, CurrentType
from wwcp_ocpi.wwcp.ocpi.connector import ELECTRICAL_KEY, LEAST_LINE_TO_LINE
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.names import tariff_id_of
from wwcp_ocpi.wwcp.ocpi.inward.words import CONNECTOR_TYPE, CURRENT_TYPE, LINE_TO_LINE

_SQRT_3 = Decimal(3).sqrt()
_TWO_PHASES = (PowerType.AC_2_PHASE, PowerType.AC_2_PHASE_SPLIT)


class Connectors(NamedTuple):
    """The connectors of an EVSE, and what WWCP says of the EVSE instead. V, A and W."""

    connectors: list[ChargingConnector]
    current_type: list[CurrentType]
    max_voltage: Decimal | None
    max_current: Decimal | None
    max_power: Decimal | None


def connectors_of(connectors: Sequence[Connector], party: PartyId, path: str, context: Context) -> Connectors:
    """All connectors, and the values of their EVSE."""
    values = {_electrical(connector) for connector in connectors}
    differ = len(values) > 1
    made: list[ChargingConnector] = []
    ids: set[str] = set()
    for index, connector in enumerate(connectors):
        at = f"{path}[{index}]"
        if connector.id.upper() in ids:
            context.note(f"{at}.id", f"left out: there is a connector {connector.id} already")
            continue
        ids.add(connector.id.upper())
        made.append(_connector(connector, party, at, context, differ=differ))
    told = {CURRENT_TYPE[connector.power_type] for connector in connectors}
    return Connectors(
        connectors=made,
        current_type=[current for current in CurrentType if current in told],
        max_voltage=_greatest(_voltage(connector) for connector in connectors),
        max_current=_greatest(connector.max_amperage for connector in connectors),
        max_power=_greatest(connector.max_electric_power for connector in connectors),
    )


def _connector(connector: Connector, party: PartyId, path: str, context: Context, *, differ: bool) -> ChargingConnector:
    type = CONNECTOR_TYPE.get(connector.standard)
    if type is None:
        type = ChargingConnectorType(connector.standard.value)  # words of WWCP are found in any case
    if not type.is_known:
        context.note(f"{path}.standard", f"kept: no plug of WWCP is called {connector.standard}")
    is_two_phase = connector.power_type in _TWO_PHASES
    if is_two_phase:
        context.note(f"{path}.power_type", f"read as one phase: WWCP has no word for {connector.power_type}")
    if connector.power_type is PowerType.AC_3_PHASE and connector.max_voltage > LEAST_LINE_TO_LINE:
        context.note(
            f"{path}.max_voltage", f"{connector.max_voltage} V taken as that between two lines, as WWCP has it"
        )
    tariff_ids = [tariff_id_of(party, id, context.policy) for id in connector.tariff_ids or ()]
    return ChargingConnector(
        id=connector.id,
        type=type,
        cable=ChargingCable() if connector.format is ConnectorFormat.CABLE else None,
        tariff_ids=[id for id in tariff_ids if id is not None],
        terms_and_conditions=connector.terms_and_conditions,
        custom_data={ELECTRICAL_KEY: _own(connector)} if differ or is_two_phase else None,
    )


def _electrical(connector: Connector) -> tuple[PowerType, int, int, int | None]:
    return (connector.power_type, connector.max_voltage, connector.max_amperage, connector.max_electric_power)


def _own(connector: Connector) -> Extra:
    power = connector.max_electric_power
    return {
        "power_type": connector.power_type.value,
        "max_voltage": connector.max_voltage,
        "max_amperage": connector.max_amperage,
        **({"max_electric_power": power} if power is not None else {}),
    }


def _voltage(connector: Connector) -> int:
    """Between two lines, as WWCP wants it. Many partners give that already: no grid has as much to neutral."""
    volts = connector.max_voltage
    if connector.power_type is not PowerType.AC_3_PHASE or volts > LEAST_LINE_TO_LINE:
        return volts
    return LINE_TO_LINE.get(volts) or round(volts * _SQRT_3)


def _greatest(values: Iterable[int | None]) -> Decimal | None:
    found = [value for value in values if value]
    return Decimal(max(found)) if found else None
