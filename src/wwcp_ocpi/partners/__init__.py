# SPDX-License-Identifier: AGPL-3.0-or-later
"""The partners of a platform: who they are, how they come and go, what they get and what we get from them."""

from wwcp_ocpi.partners.asking import Sent
from wwcp_ocpi.partners.billing import Bill, Billing
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.bookings import BookingDesk, Bookings
from wwcp_ocpi.partners.cdr_checks import CdrChecks
from wwcp_ocpi.partners.cdr_verdicts import CdrCheck
from wwcp_ocpi.partners.commands import Commands
from wwcp_ocpi.partners.delivery import Courier
from wwcp_ocpi.partners.desk import OrderDesk
from wwcp_ocpi.partners.drivers import Admission, Drivers, Place, Unanswered
from wwcp_ocpi.partners.following import ProfileFollowers
from wwcp_ocpi.partners.hubclients import HubClients
from wwcp_ocpi.partners.model import Access, Partner, PartnerParty, Purpose, Remote
from wwcp_ocpi.partners.profiles import ChargingProfiles
from wwcp_ocpi.partners.publish import Publisher
from wwcp_ocpi.partners.pull import Pulled, pull
from wwcp_ocpi.partners.pulling import KindPulled, Puller, PullState
from wwcp_ocpi.partners.registration import Registration
from wwcp_ocpi.partners.securing import Demand, Securing
from wwcp_ocpi.partners.timetable import TariffTimetables

__all__ = [
    "Access",
    "Admission",
    "Bill",
    "Billing",
    "BookingDesk",
    "Bookings",
    "CdrCheck",
    "CdrChecks",
    "ChargingProfiles",
    "Commands",
    "Courier",
    "Demand",
    "Drivers",
    "HubClients",
    "KindPulled",
    "OrderDesk",
    "Partner",
    "PartnerBook",
    "PartnerParty",
    "Place",
    "ProfileFollowers",
    "Publisher",
    "PullState",
    "Pulled",
    "Puller",
    "Purpose",
    "Registration",
    "Remote",
    "Securing",
    "Sent",
    "TariffTimetables",
    "Unanswered",
    "pull",
]
