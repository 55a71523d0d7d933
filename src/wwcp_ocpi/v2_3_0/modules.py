# SPDX-License-Identifier: AGPL-3.0-or-later
"""The modules of OCPI 2.3.0: who implements which side, and what is kept.

OTHER is treated as EMSP is, as the broadcast rules do. The Role enum has no HUB: a platform that gives a
`hub_party_id` is one, which is a role here, and the one sender of hubclientinfo. PTP is a role that the Role enum
lacks (defect 35); it reads and is told what a charge at a payment terminal needs.
"""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import Module, Part, Resource
from wwcp_ocpi.protocol.lifecycle import Lifecycle
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
_HUB = frozenset({"HUB"})

_LOCATIONS = Resource(
    Location, parts=(Part("evses", EVSE, "uid"), Part("connectors", Connector, "id")), is_lasting=True
)
_TOKENS = Resource(
    Token,
    "uid",
    qualifier="type",
    named_elsewhere=(None,),
    pulled_only=frozenset({"EMAID"}),
    is_lasting=True,
    contract="contract_id",
)
_INVOICES = Resource(InvoiceReconciliationRecord, is_private=True)
_RESERVATION = Lifecycle(
    field="reservation_status",
    rule="BKG-01",
    # As the diagram has it, which knows more steps than the text.
    moves={
        "PENDING": frozenset({"RESERVED", "REJECTED", "FAILED", "CANCELED"}),
        "RESERVED": frozenset({"PENDING", "FULFILLED", "NO_SHOW", "CANCELED"}),
        **dict.fromkeys(("CANCELED", "FAILED", "FULFILLED", "NO_SHOW", "REJECTED"), frozenset()),
    },
)
_BOOKINGS = Resource(Booking, is_private=True, concerns=("booking_requests", "booking_request"), lifecycle=_RESERVATION)
_BOOKING_LOCATIONS = Resource(BookingLocation, parts=(Part("calendars", Calendar, "id"),), under="booking_locations")
_TERMINALS = Resource(
    Terminal,
    "terminal_id",
    under="terminals",
    is_private=True,
    concerns=(),
    party_is_audience=True,
    is_posted_again=True,
)
_CONFIRMATIONS = Resource(
    FinancialAdviceConfirmation, under="financial-advice-confirmations", is_private=True, is_posted_again=True
)
_SESSIONS = Resource(
    Session, appended=("charging_periods",), is_private=True, ends=("status", "COMPLETED"), is_lasting=True
)

MODULES = {
    module.identifier: module
    for module in (
        Module("versions", _ALL, _ALL, is_functional=False),
        Module("credentials", _ALL, _ALL, is_functional=False),
        Module("locations", _CPO | _NAP, _EMSP | _NSP | _NAP | _PTP, (_LOCATIONS,)),
        Module("sessions", _CPO, _EMSP | _SCSP | _PTP, (_SESSIONS,)),
        Module("cdrs", _CPO, _EMSP | _PTP, (Resource(CDR, is_private=True, is_final=True, is_lasting=True),)),
        Module("tariffs", _CPO | _NAP, _EMSP | _NSP | _NAP | _PTP, (Resource(Tariff, may_be_private=True),)),
        Module("tokens", _EMSP, _CPO, (_TOKENS,)),
        Module("commands", _EMSP | _PTP, _CPO),
        # An eMSP that relays for an SCSP is receiver and sender at once.
        Module("chargingprofiles", _EMSP | _SCSP, _CPO | _EMSP),
        Module("hubclientinfo", _HUB, _ALL, (Resource(ClientInfo, ""),), is_functional=False),
        # The side that writes the invoices is the sender: the CPO, or the eMSP where billing is reversed.
        Module("invoicereconciliation", _CPO | _EMSP, _CPO | _EMSP, (_INVOICES,)),
        Module(
            "bookings", _CPO, _EMSP, (_BOOKINGS, _BOOKING_LOCATIONS), also_called=frozenset({"booking"})
        ),  # defect 40
        Module("payments", _PTP, _CPO, (_TERMINALS, _CONFIRMATIONS)),
    )
}
