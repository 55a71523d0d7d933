# SPDX-License-Identifier: AGPL-3.0-or-later
"""The deliberately awkward partner that tests and the demo talk to.

Example:
    platform = Platform({"2.2.1": {"locations": [...]}})
    partner = MockPartner(platform, [Quirk.LINK_RELATIVE, Quirk.BOM.on("/sender/", times=1)])
    response = await partner(request)  # in memory
    HTTPServer(partner.asgi(), ServerLimits())  # over HTTP
"""

from wwcp_ocpi.mock.caller import CallQuirk, MockCaller
from wwcp_ocpi.mock.partner import MockPartner
from wwcp_ocpi.mock.platform import Platform
from wwcp_ocpi.mock.quirks import Quirk, Rule

__all__ = ["CallQuirk", "MockCaller", "MockPartner", "Platform", "Quirk", "Rule"]
