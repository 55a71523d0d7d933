# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bodies of the verbs: from the few keys that WWCP documents, or from our objects whole, to one request.

WWCP spells its keys in several ways (`SessionId`, `authToken`, `eMAId`), so they are read in any case. Whoever has more
to say than those few keys sends the object as `wwcp.model.requests` has it: `authentication`, `chargingLocation` ...
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

import msgspec

from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.wwcp.jsonld.reading import Reader
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord
from wwcp_ocpi.wwcp.model.requests import (
    AuthorizeStart,
    AuthorizeStop,
    CancelReservation,
    RemoteStart,
    RemoteStop,
    Reserve,
)

_S = TypeVar("_S", bound=msgspec.Struct)
JSONObject: TypeAlias = dict[str, Any]


class Body:
    """A JSON object whose keys are found in any case; what was taken is not there any more."""

    def __init__(self, value: object, path: str = "$") -> None:
        """Raises InvalidParameters: no object, or a key twice."""
        if not isinstance(value, dict):
            raise InvalidParameters(f"{path}: expected an object", path=path)
        self.path = path
        self._keys: dict[str, str] = {}
        self._values: JSONObject = {}
        for key, item in value.items():
            folded = key.lower()
            if folded in self._values:
                raise InvalidParameters(f"{path}.{key}: the key stands here twice, in different case", path=path)
            if item is not None:
                self._keys[folded], self._values[folded] = key, item

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def take(self, name: str) -> Any:
        """The value of a key, None where there is none."""
        return self._values.pop(name.lower(), None)

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A text. Raises InvalidParameters."""
        value = self.take(name)
        if value is None and not required:
            return None
        if not isinstance(value, str) or not value.strip():
            got = "nothing" if value is None else "an empty text" if isinstance(value, str) else type(value).__name__
            raise InvalidParameters(f"{self.path}.{name}: expected a text, got {got}", path=f"{self.path}.{name}")
        return value

    def number(self, name: str) -> Decimal:
        """A number, or the text of one. Raises InvalidParameters."""
        value = self.take(name)
        try:
            number = Decimal(value) if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool) else None
        except ArithmeticError:
            number = None
        if number is None or not number.is_finite() or abs(number) >= 10**12:
            raise InvalidParameters(f"{self.path}.{name}: expected a number", path=f"{self.path}.{name}")
        return number

    def rename(self, **names: str) -> None:
        """Give keys their names in our objects, where those are not there themselves."""
        for ours, theirs in names.items():
            if ours.lower() not in self._values and theirs.lower() in self._values:
                self._values[ours.lower()] = self._values.pop(theirs.lower())
                self._keys[ours.lower()] = ours

    def put(self, name: str, value: object) -> None:
        """Add something, over what is there."""
        self._keys[name.lower()], self._values[name.lower()] = name, value

    def rest(self) -> JSONObject:
        """What was not taken, under the keys as they came."""
        return {self._keys[folded]: value for folded, value in self._values.items()}

    def become(self, cls: type[_S]) -> _S:
        """What is left as one of our objects. Raises InvalidParameters."""
        return Reader().entity(cls, self.rest(), self.path)


def auth_start(value: object, location: Mapping[str, str]) -> AuthorizeStart:
    """AUTHSTART: `authToken`, `authTokenType`, `CPOPartnerSessionId`, `ChargingProductId`, `SessionId`.

    Raises:
        InvalidParameters: `.path` names the place.
    """
    body = Body(value)
    _authenticated(body, "authentication", place="LOCAL")
    _product(body)
    _located(body, location)
    return body.become(AuthorizeStart)


def auth_stop(value: object, location: Mapping[str, str]) -> AuthorizeStop:
    """AUTHSTOP: `SessionId` and `AuthToken`. Raises as above."""
    body = Body(value)
    if "sessionId" not in body:
        body.text("SessionId", required=True)
    _authenticated(body, "authentication", place="LOCAL")
    body.take("OperatorId")
    _located(body, location)
    return body.become(AuthorizeStop)


def remote_start(value: object, location: Mapping[str, str]) -> RemoteStart:
    """REMOTESTART: `eMAId`, `ProviderId`, `SessionId`, `ReservationId`, `ChargingProductId`. Raises as above."""
    body = Body(value)
    body.rename(chargingSessionId="SessionId", chargingReservationId="ReservationId")
    _authenticated(body, "remoteAuthentication", place="REMOTE")
    _product(body)
    _located(body, location)
    return body.become(RemoteStart)


def remote_stop(value: object, session_id: str | None = None) -> RemoteStop:
    """REMOTESTOP: `SessionId`, `ProviderId`, `eMAId`. `session_id` is that of the path. Raises as above."""
    body = Body(value)
    body.rename(chargingSessionId="SessionId", keepAliveS="keepAlive")
    if session_id is not None:
        body.put("chargingSessionId", session_id)
    elif "chargingSessionId" not in body:
        body.text("SessionId", required=True)
    if "eMAId" in body or "authToken" in body:
        _authenticated(body, "remoteAuthentication", place="REMOTE")
    return body.become(RemoteStop)


def reserve(value: object, location: Mapping[str, str], reservation_id: str | None = None) -> Reserve:
    """RESERVE: `eMAId`, `StartTime`, `Duration` (s), `IntendedCharging`, `AuthorizedIds`. Raises as above."""
    body = Body(value)
    if reservation_id is not None:
        body.put("reservationId", reservation_id)
    _authenticated(body, "remoteAuthentication", place="REMOTE")
    intended = body.take("IntendedCharging")
    if intended is not None:
        wanted = Body(intended, "$.IntendedCharging")
        product = wanted.text("ChargingProductId")
        if product is not None:
            body.put("chargingProduct", {"@id": product})
    _product(body)
    allowed = body.take("AuthorizedIds")
    if allowed is not None:
        ids = Body(allowed, "$.AuthorizedIds")
        for theirs, ours in (
            ("AuthTokens", "authTokens"),
            ("RFIDIds", "authTokens"),
            ("eMAIds", "eMAIds"),
            ("PINs", "PINs"),
        ):
            found = ids.take(theirs)
            if found is not None:
                body.put(ours, [str(one) for one in found] if isinstance(found, list) else found)
    _located(body, location)
    return body.become(Reserve)


def cancel_reservation(value: object, reservation_id: str | None) -> CancelReservation:
    """CANCELRESERVATION: `ReservationId`, `Reason`, `ProviderId`. Raises as above."""
    body = Body({} if value is None else value)
    if reservation_id is not None:
        body.put("reservationId", reservation_id)
    elif "reservationId" not in body:
        body.text("ReservationId", required=True)
    return body.become(CancelReservation)


def send_cdr(value: object, evse_id: str) -> ChargeDetailRecord:
    """SENDCDR: session, times, meter values (kWh) at its beginning and end, and who it was. Or a whole record.

    The record has the id of the session, as WWCP has it. Raises as above.
    """
    body = Body(value)
    if "@id" in body:
        return Reader().entity(ChargeDetailRecord, {**body.rest(), "evseId": evse_id})
    session = body.text("SessionId", required=True)
    times = {
        name: body.text(name, required=True) for name in ("SessionStart", "SessionEnd", "ChargeStart", "ChargeEnd")
    }
    first, last = body.number("MeterValueStart"), body.number("MeterValueEnd")
    made: JSONObject = {
        "@id": session,
        "sessionId": session,
        "sessionTime": {"start": times["SessionStart"], "end": times["SessionEnd"]},
        "evseId": evse_id,
        "energyMeteringValues": [
            {"timestamp": times["ChargeStart"], "value": first, "type": "Start"},
            {"timestamp": times["ChargeEnd"], "value": last, "type": "Stop"},
        ],
    }
    product = body.text("ChargingProductId")
    if product is not None:
        made["chargingProductId"] = product
    _authenticated(body, "authenticationStart", place="LOCAL")
    return Reader().entity(ChargeDetailRecord, {**body.rest(), **made})


def _authenticated(body: Body, key: str, *, place: str) -> None:
    """The way to identify, whole or as one text."""
    if key in body:
        return
    token, kind, account = body.text("authToken"), body.text("authTokenType"), body.text("eMAId")
    if (token is None) == (account is None):
        name = "authToken" if place == "LOCAL" else "eMAId"
        what = "exactly one of authToken and eMAId"
        raise InvalidParameters(f"{body.path}.{name}: expected {what}", path=f"{body.path}.{name}")
    made: JSONObject = {"authenticationType": place}
    if token is not None:
        made["authToken"] = token
        if kind is not None:
            made["authTokenType"] = kind
    else:
        made["remoteIdentification"] = account
    body.put(key, made)


def _product(body: Body) -> None:
    product = body.text("ChargingProductId")
    if product is not None and "chargingProduct" not in body:
        body.put("chargingProduct", {"@id": product})


def _located(body: Body, location: Mapping[str, str]) -> None:
    """The place in the path is the place; what a body adds to it, as the connector, stays."""
    if location:
        told = body.take("chargingLocation")
        body.put(
            "chargingLocation", {**(Body(told, "$.chargingLocation").rest() if told is not None else {}), **location}
        )
