# SPDX-License-Identifier: AGPL-3.0-or-later
"""wwcp-ocpi: a gateway and a library between OCPI partners and a WWCP roaming network.

`Gateway` is the server side, `Peer` the client side; each version's objects are in its folder, as in
`from wwcp_ocpi.v2_2_1 import Location`. Both names are loaded when they are first used, so that the objects
alone cost no server.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wwcp_ocpi.gateway.gateway import Gateway
    from wwcp_ocpi.net.peer import Peer

__version__ = "0.1.0"
__all__ = ["Gateway", "Peer", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Gateway":
        from wwcp_ocpi.gateway.gateway import Gateway

        return Gateway
    if name == "Peer":
        from wwcp_ocpi.net.peer import Peer

        return Peer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
