# SPDX-License-Identifier: AGPL-3.0-or-later
"""A platform that stands between others: what one partner gives or asks reaches those whom it concerns.

`relay` passes objects on, `authorizing` and `commanding` pass questions on and bring the answers back. See docs/hub.md.
"""

from wwcp_ocpi.hub.hub import Hub

__all__ = ["Hub"]
