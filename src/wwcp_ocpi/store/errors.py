# SPDX-License-Identifier: AGPL-3.0-or-later
"""When the database itself fails."""

from __future__ import annotations

from http import HTTPStatus

from wwcp_ocpi.protocol.errors import OCPIError


class StoreFailed(OCPIError):
    """The database could not do it (disk full, file damaged, locked for too long); nothing of the change was kept.

    Nobody at either end of the wire broke OCPI: OCPI 3000 in HTTP 500, so that the partner tries again.
    """

    http_status = HTTPStatus.INTERNAL_SERVER_ERROR
