# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP charging connectors to OCPI Connectors. Spec: mod_locations#mod_locations_connector_object.

WWCP tells current, voltage and power once per EVSE, OCPI per connector. Where an EVSE has both AC and DC, the
plug decides.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.enums import ConnectorFormat, PowerType
from wwcp_ocpi.v2_3_0.locations import Connector
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId
from wwcp_ocpi.wwcp.model.places import EVSE, ChargingConnector, ChargingStationOperator
from wwcp_ocpi.wwcp.model.texts import CurrentType
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.names import tariff_text
from wwcp_ocpi.wwcp.ocpi.words import CONNECTOR_TYPE, CURRENT_TYPE, DC_ONLY, LINE_TO_NEUTRAL, Electrical

_WIDEST_FIRST = (CurrentType.AC_ThreePhases, CurrentType.AC_OnePhase, CurrentType.DC)
_SQRT_3 = Decimal(3).sqrt()
LEAST_LINE_TO_LINE = 300
"""No three-phase grid has as much to neutral. V."""

ELECTRICAL_KEY = "OCPI.Electrical"
"""In a connector's `customData`: `power_type`, `max_voltage`, `max_amperage`, `max_electric_power` as OCPI names them,
where they are not those of the EVSE."""


def connectors(
    evse: EVSE, operator: ChargingStationOperator, last_updated: DateTime, path: str, context: Context
) -> list[Connector]:
    """All connectors that OCPI can say, each id once."""
    made: dict[str, Connector] = {}
    for index, connector in enumerate(evse.charging_connectors):
        at = f"{path}.socketOutlets[{index}]"
        found = _connector(connector, evse, operator, last_updated, at, path, context)
        if found is not None and found.id.upper() in made:
            context.note(f"{at}.@id", f"left out: {found.id} is taken by another connector of {evse.id}")
        elif found is not None:
            made[found.id.upper()] = found
    return list(made.values())


def _connector(
    connector: ChargingConnector,
    evse: EVSE,
    operator: ChargingStationOperator,
    last_updated: DateTime,
    path: str,
    evse_path: str,
    context: Context,
) -> Connector | None:
    standard = CONNECTOR_TYPE.get(connector.type)
    electrical = _electrical(connector, evse, evse_path, context)
    id = context.exact(connector.id, 36, f"{path}.@id", ascii=True)
    if standard is None:
        context.note(f"{path}.type", f"connector left out: OCPI 2.3.0 has no plug {connector.type}")
    if standard is None or electrical is None or id is None:
        return None
    context.has_no_place(connector, ("lockable", "extra"), path)
    for key in (connector.custom_data or {}).keys() - {ELECTRICAL_KEY}:
        context.note(f"{path}.customData.{key}", "left out: OCPI 2.3.0 has no place for it")
    own = _own(connector, f"{path}.customData.{ELECTRICAL_KEY}", context)
    tethered = connector.cable is not None or connector.type in DC_ONLY
    terms = connector.terms_and_conditions or operator.terms_and_conditions
    return Connector(
        id=id,
        standard=standard,
        format=ConnectorFormat.CABLE if tethered else ConnectorFormat.SOCKET,
        power_type=own.power_type if own else electrical.power_type,
        max_voltage=own.max_voltage if own else _voltage(evse, electrical, evse_path, context),
        max_amperage=own.max_amperage if own else _amperage(evse, electrical, evse_path, context),
        max_electric_power=own.max_electric_power if own else context.whole(evse.max_power, f"{evse_path}.maxPower"),
        tariff_ids=_tariff_ids(connector, operator, f"{path}.tariffIds", context),
        terms_and_conditions=context.exact(terms, 255, f"{path}.termsAndConditions"),
        last_updated=last_updated,
    )


class OwnElectrical(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector says of itself, where its EVSE says something else. V, A and W."""

    power_type: PowerType
    max_voltage: int
    max_amperage: int
    max_electric_power: int | None = None


def _own(connector: ChargingConnector, path: str, context: Context) -> OwnElectrical | None:
    given = (connector.custom_data or {}).get(ELECTRICAL_KEY)
    if given is None:
        return None
    try:
        return msgspec.convert(given, OwnElectrical)
    except msgspec.ValidationError as error:
        context.note(path, f"left out: {error}")
        return None


def _electrical(connector: ChargingConnector, evse: EVSE, path: str, context: Context) -> Electrical | None:
    told = [current for current in _WIDEST_FIRST if current in evse.current_type]
    at = f"{path}.currentType"
    if connector.type in DC_ONLY:
        if told and CurrentType.DC not in told:
            context.note(at, f"connector {connector.id} sent as DC: {connector.type} carries nothing else")
        return CURRENT_TYPE[CurrentType.DC]
    if not told:
        context.note(at, f"connector {connector.id} left out: expected one of {', '.join(_WIDEST_FIRST)}")
        return None
    if len(told) > 1:
        context.note(at, f"connector {connector.id} sent as {told[0]} of {', '.join(told)}")
    return CURRENT_TYPE[told[0]]


def _voltage(evse: EVSE, electrical: Electrical, path: str, context: Context) -> int:
    at = f"{path}.averageVoltage"
    told = context.whole(evse.max_voltage, at)
    if told is None:
        context.note(at, f"{electrical.voltage} V assumed")
        return electrical.voltage
    if electrical.power_type is PowerType.AC_3_PHASE and told > LEAST_LINE_TO_LINE:
        return LINE_TO_NEUTRAL.get(told) or int(told / _SQRT_3)
    return told


def _amperage(evse: EVSE, electrical: Electrical, path: str, context: Context) -> int:
    at = f"{path}.maxCurrent"
    told = context.whole(evse.max_current, at)
    if told is None:
        context.note(at, f"{electrical.amperage} A assumed")
        return electrical.amperage
    return told


def _tariff_ids(
    connector: ChargingConnector, operator: ChargingStationOperator, path: str, context: Context
) -> list[str] | None:
    offered: dict[ChargingTariffId, ChargingTariffId] = {tariff.id: tariff.id for tariff in operator.charging_tariffs}
    made = []
    for index, tariff_id in enumerate(connector.tariff_ids):
        # Equal ids may be written in several ways; partners find the Tariff by the way in which it was published.
        text = context.exact(tariff_text(offered.get(tariff_id, tariff_id)), 36, f"{path}[{index}]", ascii=True)
        if text is not None:
            made.append(text)
        if tariff_id not in offered:
            context.note(f"{path}[{index}]", f"{operator.id} has no tariff {tariff_id}")
    return made or None
