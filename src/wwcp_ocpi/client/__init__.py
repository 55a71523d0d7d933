# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client side of OCPI, without sockets: calls built from the versions' tables, over any Transport."""

from wwcp_ocpi.client.pages import BadObject, Pages
from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.client.wire import Retries

__all__ = ["BadObject", "Pages", "Peer", "Retries"]
