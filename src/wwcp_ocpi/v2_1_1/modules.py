# SPDX-License-Identifier: AGPL-3.0-or-later
"""The modules of OCPI 2.1.1: who implements which side, and what is kept. The roles are CPO and EMSP."""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import Module, Part, Resource
from wwcp_ocpi.v2_1_1.cdrs import CDR
from wwcp_ocpi.v2_1_1.locations import EVSE, Connector, Location
from wwcp_ocpi.v2_1_1.sessions import Session
from wwcp_ocpi.v2_1_1.tariffs import Tariff
from wwcp_ocpi.v2_1_1.tokens import Token

_CPO = frozenset({"CPO"})
_EMSP = frozenset({"EMSP"})
_ALL = _CPO | _EMSP

_LOCATIONS = Resource(
    Location, parts=(Part("evses", EVSE, "uid"), Part("connectors", Connector, "id")), is_lasting=True
)
_SESSIONS = Resource(Session, is_private=True, ends=("status", "COMPLETED"), is_lasting=True, contract="auth_id")
_CDRS = Resource(CDR, is_private=True, is_final=True, is_lasting=True, contract="auth_id")
# Later versions name a Token by its type as well.
_TYPES = ("RFID", "OTHER", "APP_USER", "AD_HOC_USER", "EMAID")
_TOKENS = Resource(Token, "uid", named_elsewhere=_TYPES, is_lasting=True, contract="auth_id")

MODULES = {
    module.identifier: module
    for module in (
        Module("versions", _ALL, _ALL, is_functional=False),
        Module("credentials", _ALL, _ALL, is_functional=False),
        Module("locations", _CPO, _EMSP, (_LOCATIONS,)),
        Module("sessions", _CPO, _EMSP, (_SESSIONS,)),
        Module("cdrs", _CPO, _EMSP, (_CDRS,)),
        Module("tariffs", _CPO, _EMSP, (Resource(Tariff, may_be_private=True),)),
        Module("tokens", _EMSP, _CPO, (_TOKENS,)),
        Module("commands", _EMSP, _CPO),
    )
}
