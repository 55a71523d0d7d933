# SPDX-License-Identifier: AGPL-3.0-or-later
"""The modules of OCPI 2.2.1: who implements which side, and what is kept.

A hub stands on both sides of whatever it passes on. OTHER is treated as EMSP is, as the broadcast rules do.
"""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import Module, Part, Resource
from wwcp_ocpi.v2_2_1.cdrs import CDR
from wwcp_ocpi.v2_2_1.hubclientinfo import ClientInfo
from wwcp_ocpi.v2_2_1.locations import EVSE, Connector, Location
from wwcp_ocpi.v2_2_1.sessions import Session
from wwcp_ocpi.v2_2_1.tariffs import Tariff
from wwcp_ocpi.v2_2_1.tokens import Token

_CPO = frozenset({"CPO", "HUB"})
_EMSP = frozenset({"EMSP", "HUB", "OTHER"})
_NAP = frozenset({"NAP"})
_NSP = frozenset({"NSP"})
_SCSP = frozenset({"SCSP"})
_HUB = frozenset({"HUB"})
_ALL = _CPO | _EMSP | _NAP | _NSP | _SCSP

_LOCATIONS = Resource(
    Location, parts=(Part("evses", EVSE, "uid"), Part("connectors", Connector, "id")), is_lasting=True
)
_SESSIONS = Resource(
    Session, appended=("charging_periods",), is_private=True, ends=("status", "COMPLETED"), is_lasting=True
)
_TOKENS = Resource(Token, "uid", qualifier="type", named_elsewhere=(None,), is_lasting=True, contract="contract_id")

MODULES = {
    module.identifier: module
    for module in (
        Module("versions", _ALL, _ALL, is_functional=False),
        Module("credentials", _ALL, _ALL, is_functional=False),
        Module("locations", _CPO | _NAP, _EMSP | _NSP | _NAP, (_LOCATIONS,)),
        Module("sessions", _CPO, _EMSP | _SCSP, (_SESSIONS,)),
        Module("cdrs", _CPO, _EMSP, (Resource(CDR, is_private=True, is_final=True, is_lasting=True),)),
        Module("tariffs", _CPO | _NAP, _EMSP | _NSP | _NAP, (Resource(Tariff, may_be_private=True),)),
        Module("tokens", _EMSP, _CPO, (_TOKENS,)),
        Module("commands", _EMSP, _CPO),
        # An eMSP that relays for an SCSP is receiver and sender at once.
        Module("chargingprofiles", _EMSP | _SCSP, _CPO | _EMSP),
        Module("hubclientinfo", _HUB, _ALL - _HUB, (Resource(ClientInfo, ""),), is_functional=False),
    )
}
