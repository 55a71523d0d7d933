# SPDX-License-Identifier: AGPL-3.0-or-later
"""Errors, typed by blame: they broke OCPI (PartnerError), or we were about to (UsageError).

Each knows the status it becomes on the wire. They are raised where the fact is known and translated once, in
the server's dispatch. A refusal that the protocol foresees (REJECTED, NOT_ALLOWED) is a value, not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from wwcp_ocpi.protocol.status import StatusCode


class OCPIError(Exception):
    """Base of all: a message for people, a JSON path where there is one, and the two statuses."""

    ocpi_status: int = StatusCode.SERVER_ERROR
    http_status: int = HTTPStatus.OK

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        ocpi_status: int | None = None,
        http_status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.headers = dict(headers or {})
        if ocpi_status is not None:
            self.ocpi_status = ocpi_status
        if http_status is not None:
            self.http_status = http_status

    def __str__(self) -> str:
        if self.path is None or self.path in self.message:
            return self.message
        return f"{self.path}: {self.message}"


class UsageError(OCPIError):
    """We were about to break OCPI, or were asked for what cannot be."""


class CannotConvert(UsageError):
    """An object cannot be told in another version; it stays what it is in its own.

    `setting` names the field of `convert.Context` that would supply what is missing, if one would.
    """

    def __init__(self, message: str, *, path: str, setting: str | None = None) -> None:
        super().__init__(message, path=path)
        self.setting = setting


class NotInVersion(CannotConvert):
    """A version has no such object at all."""


class PartnerError(OCPIError):
    """The other side broke OCPI, or answered with an error of its own."""

    ocpi_status = StatusCode.CLIENT_ERROR


class InvalidParameters(PartnerError):
    """A body, path or query that is well-formed and wrong: OCPI 2001 in HTTP 200 (STC-02)."""

    ocpi_status = StatusCode.INVALID_PARAMETERS


class MalformedBody(PartnerError):
    """Not JSON at all: HTTP 400 (STC-01)."""

    ocpi_status = StatusCode.INVALID_PARAMETERS
    http_status = HTTPStatus.BAD_REQUEST


class TooLarge(PartnerError):
    """More bytes, or deeper nesting, than this server reads."""

    ocpi_status = StatusCode.INVALID_PARAMETERS
    http_status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class WrongContentType(PartnerError):
    """A body that is not announced as application/json (TRN-09)."""

    ocpi_status = StatusCode.INVALID_PARAMETERS
    http_status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class NotAuthenticated(PartnerError):
    """No credentials token, or none that is known and valid now (TRN-05, TRN-06)."""

    http_status = HTTPStatus.UNAUTHORIZED


class TooManyRefusals(PartnerError):
    """Too many requests from one address were refused: HTTP 429, whoever is asking."""

    http_status = HTTPStatus.TOO_MANY_REQUESTS


class NotAllowed(PartnerError):
    """A known partner asks for what its role or its parties do not cover."""

    ocpi_status = StatusCode.INVALID_PARAMETERS
    http_status = HTTPStatus.FORBIDDEN


class NotFound(PartnerError):
    """No such object or path: HTTP 404 (STC-03)."""

    ocpi_status = StatusCode.INVALID_PARAMETERS
    http_status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(PartnerError):
    """The path exists, the method does not; also credentials in the wrong state (CRD-17, CRD-20, CRD-22)."""

    http_status = HTTPStatus.METHOD_NOT_ALLOWED


class PreconditionFailed(PartnerError):
    """`If-Match` names another state than the stored one."""

    ocpi_status = StatusCode.INVALID_PARAMETERS
    http_status = HTTPStatus.PRECONDITION_FAILED


class OlderThanStored(InvalidParameters):
    """`last_updated` lies before that of the stored object, and the party does not allow it."""


class Unreachable(PartnerError):
    """No answer came: connection refused, time-out, broken off."""

    ocpi_status = StatusCode.SERVER_ERROR
    http_status = HTTPStatus.BAD_GATEWAY


class BadAnswer(PartnerError):
    """An answer came that is not OCPI: no envelope, no JSON, another content."""

    ocpi_status = StatusCode.SERVER_ERROR
    http_status = HTTPStatus.BAD_GATEWAY


class Refused(PartnerError):
    """The partner answered with an error; `ocpi_status` and `http_status` are its own."""


class UnknownToken(Refused):
    """The eMSP holds no such Token: HTTP 404, or OCPI 2004 without it, or both (decision 25)."""

    ocpi_status = StatusCode.UNKNOWN_TOKEN
    http_status = HTTPStatus.NOT_FOUND
