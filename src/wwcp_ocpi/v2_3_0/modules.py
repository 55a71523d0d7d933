# SPDX-License-Identifier: AGPL-3.0-or-later
"""The modules of OCPI 2.3.0: who implements which side, and what is kept.

OTHER is treated as EMSP is, as the broadcast rules do. There is no HUB role: a platform that is a hub serves
both sides for the parties it lists, and is the one sender of hubclientinfo. PTP is a role that the Role enum
lacks (defect 35).
"""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import Module, Part, Resource
from wwcp_ocpi.v2_3_0.bookings import Booking, BookingLocation, Calendar
from wwcp_ocpi.v2_3_0.cdrs import CDR
from wwcp_ocpi.v2_3_0.hubclientinfo import ClientInfo
from wwcp_ocpi.v2_3_0.invoicereconciliation import InvoiceReconciliationRecord
from wwcp_ocpi.v2_3_0.locations import EVSE, Connector, Location
from wwcp_ocpi.v2_3_0.payments import FinancialAdviceConfirmation, Terminal
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.v2_3_0.tokens import Token

_CPO = frozenset({"CPO"})
_EMSP = frozenset({"EMSP", "OTHER"})
_NAP = frozenset({"NAP"})
_NSP = frozenset({"NSP"})
_SCSP = frozenset({"SCSP"})
_PTP = frozenset({"PTP"})
_ALL = _CPO | _EMSP | _NAP | _NSP | _SCSP | _PTP
_HUB: frozenset[str] = frozenset()  # no role, see above

_LOCATIONS = Resource(Location, parts=(Part("evses", EVSE, "uid"), Part("connectors", Connector, "id")))
_TOKENS = Resource(Token, "uid", qualifier="type", pulled_only=frozenset({"EMAID"}))
_INVOICES = Resource(InvoiceReconciliationRecord)
_BOOKING_LOCATIONS = Resource(BookingLocation, parts=(Part("calendars", Calendar, "id"),), under="booking_locations")
_TERMINALS = Resource(Terminal, "terminal_id", under="terminals")
_CONFIRMATIONS = Resource(FinancialAdviceConfirmation, under="financial-advice-confirmations")
_SESSIONS = Resource(Session, appended=("charging_periods",), is_private=True, ends=("status", "COMPLETED"))

MODULES = {
    module.identifier: module
    for module in (
        Module("versions", _ALL, _ALL, is_functional=False),
        Module("credentials", _ALL, _ALL, is_functional=False),
        Module("locations", _CPO | _NAP, _EMSP | _NSP | _NAP, (_LOCATIONS,)),
        Module("sessions", _CPO, _EMSP | _SCSP, (_SESSIONS,)),
        Module("cdrs", _CPO, _EMSP, (Resource(CDR, is_private=True, is_final=True),)),
        Module("tariffs", _CPO | _NAP, _EMSP | _NSP | _NAP, (Resource(Tariff),)),
        Module("tokens", _EMSP, _CPO, (_TOKENS,)),
        Module("commands", _EMSP | _PTP, _CPO),
        # An eMSP that relays for an SCSP is receiver and sender at once.
        Module("chargingprofiles", _EMSP | _SCSP, _CPO | _EMSP),
        Module("hubclientinfo", _HUB, _ALL, (Resource(ClientInfo, ""),), is_functional=False),
        # The side that writes the invoices is the sender: the CPO, or the eMSP where billing is reversed.
        Module("invoicereconciliation", _CPO | _EMSP, _CPO | _EMSP, (_INVOICES,)),
        Module("bookings", _CPO, _EMSP, (Resource(Booking), _BOOKING_LOCATIONS)),
        Module("payments", _PTP, _CPO, (_TERMINALS, _CONFIRMATIONS)),
    )
}
