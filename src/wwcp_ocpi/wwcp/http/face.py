# SPDX-License-Identifier: AGPL-3.0-or-later
"""The WWCP HTTP API of a roaming network: a request comes in, the table finds its row, the handler answers.

Errors are JSON: `{"description": "$.EVSEs[0].@id: expected ...", "path": "$.EVSEs[0].@id"}`. What is wrong with a
request is a 4xx with its reason; results of verbs are answers, whatever they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog

from wwcp_ocpi.protocol.errors import NotAllowed, NotFound, OCPIError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.wwcp.http import via
from wwcp_ocpi.wwcp.http.call import Call, answer
from wwcp_ocpi.wwcp.http.events import Readers
from wwcp_ocpi.wwcp.http.identity import Identity
from wwcp_ocpi.wwcp.http.keeping import Uploads
from wwcp_ocpi.wwcp.http.query import read_query
from wwcp_ocpi.wwcp.http.routes import PREFIX, Router, allow
from wwcp_ocpi.wwcp.http.shown import Shown
from wwcp_ocpi.wwcp.network.places import IdTaken, UnknownId
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()


class Face:
    """Answers requests below `/wwcp`. Close it, so that readers of events end."""

    def __init__(
        self, network: RoamingNetwork, identity: Identity, uploads: Uploads, readers: Readers | None = None
    ) -> None:
        """`uploads` must have been resumed."""
        self.network = network
        self.identity = identity
        self.uploads = uploads
        self.readers = readers or Readers()
        self._mark = f"{network.id}-{self.readers.mark}"
        self._shown = Shown(network.places)
        self._router = Router()

    def close(self) -> None:
        """Let readers of events end, and hear no more of the network."""
        self.readers.close()
        self._shown.close()

    async def handle(self, request: Request) -> Response:
        """The answer to any request; never raises for what is wrong with it."""
        found = self._router.find(request.path.removeprefix(PREFIX))
        if found is None:
            return _refused(NotFound("no such path"), HTTPStatus.NOT_FOUND)
        allowed = {"allow": allow(found.rows)}
        if request.method == "OPTIONS":
            return Response(status=HTTPStatus.NO_CONTENT, headers=allowed)
        route = found.rows.get(request.method)
        if route is None:
            error = OCPIError("no such method here")
            return _refused(error, HTTPStatus.METHOD_NOT_ALLOWED, allowed)
        client = None
        try:
            client = await self.identity.identify(request, is_read=route.right.is_read)
            if found.params.get("RN", self.network.id) != self.network.id:
                raise NotFound(f"no roaming network {found.params['RN'][:80]!r}")
            call = Call(
                request,
                self.network,
                self._shown,
                self.uploads,
                self.readers,
                client,
                self.identity.book,
                found.params,
                read_query(request.query),
            )
            with via.passing(request.headers.get(via.VIA, ""), self._mark):
                return await route.handler(call)
        except NotAllowed as error:
            self.identity.violation(request, client, error)
            return _refused(error, error.http_status)
        except UnknownId as error:
            return _refused(error, HTTPStatus.NOT_FOUND)
        except IdTaken as error:
            return _refused(error, HTTPStatus.CONFLICT)
        except OCPIError as error:
            status = max(error.http_status, HTTPStatus.BAD_REQUEST)  # OCPI has 200 for what is well-formed and wrong
            return _refused(error, status, error.headers)


def _refused(error: OCPIError, status: int, headers: Mapping[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"description": str(error)}
    if error.path is not None:
        body["path"] = error.path
    return answer(body, status, headers)
