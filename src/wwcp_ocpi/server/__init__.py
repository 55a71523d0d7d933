# SPDX-License-Identifier: AGPL-3.0-or-later
"""The server side of OCPI, without sockets: a function from Request to Response over a store and two ports."""

from wwcp_ocpi.server.caller import Caller, Directory
from wwcp_ocpi.server.credentials import Registrar
from wwcp_ocpi.server.dispatch import Server
from wwcp_ocpi.server.settings import OwnParty, ServerSettings

__all__ = ["Caller", "Directory", "OwnParty", "Registrar", "Server", "ServerSettings"]
