# SPDX-License-Identifier: AGPL-3.0-or-later
"""The partners of a platform: who they are, how they come and go, what they get and what we get from them."""

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.commands import Commands, Sent
from wwcp_ocpi.partners.delivery import Courier
from wwcp_ocpi.partners.desk import CommandDesk
from wwcp_ocpi.partners.drivers import Admission, Drivers, Place
from wwcp_ocpi.partners.model import Access, Partner, PartnerParty, Purpose, Remote
from wwcp_ocpi.partners.publish import Publisher
from wwcp_ocpi.partners.pull import Pulled, pull
from wwcp_ocpi.partners.registration import Registration

__all__ = [
    "Access",
    "Admission",
    "CommandDesk",
    "Commands",
    "Courier",
    "Drivers",
    "Partner",
    "PartnerBook",
    "PartnerParty",
    "Place",
    "Publisher",
    "Pulled",
    "Purpose",
    "Registration",
    "Remote",
    "Sent",
    "pull",
]
