# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands of OCPI 2.1.1 and 2.2.1, and their answers."""

from __future__ import annotations

from wwcp_ocpi.convert.rules import Rule, added, differs, lose_if_said, passes, plain, raw
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.locations import IDS
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.patch import RawObject

_MESSAGE = "2.1.1 has no message."
_REFERENCE = "2.1.1 has no reference to an authorization."


def _timeout(fields: RawObject, work: Work) -> RawObject:
    if work.context.timeout is None:
        if "timeout" in fields:
            return {}  # an object that names it all the same
        raise work.refusal(".timeout", "timeout", "wants to know when the result may be given up")
    return {"timeout": raw(work.context.timeout)}


def _no_timeout(fields: RawObject, work: Work) -> RawObject:
    lose_if_said(fields, "timeout", work)
    return {}


def _reservation_text(fields: RawObject, work: Work) -> RawObject:
    value = fields.get("reservation_id")
    return {} if value is None else {"reservation_id": raw(bytes(value).decode())}


def _reservation_number(fields: RawObject, work: Work) -> RawObject:
    text = plain(fields.get("reservation_id"))
    if isinstance(text, str) and text.isascii() and text.removeprefix("-").isdecimal() and str(int(text)) == text:
        return {"reservation_id": raw(int(text))}
    if work.context.reservation_id is None:
        raise work.refusal(".reservation_id", "reservation_id", "wants a number")
    work.lose(".reservation_id", f"OCPI {work.target} wants a number; told as {work.context.reservation_id}")
    return {"reservation_id": raw(work.context.reservation_id)}


OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("CommandResponse", "CommandResponse"): (
        differs(
            "",
            "timeout",
            up=_timeout,
            down=_no_timeout,
            why="2.1.1 does not say when a result may be given up. The setting `timeout` does.",
        ),
        *added("message", why=_MESSAGE),
    ),
    ("CommandResponse", "CommandResult"): added("message", why=_MESSAGE),
    ("ReserveNow", "ReserveNow"): (
        differs(
            "reservation_id",
            "reservation_id",
            up=_reservation_text,
            down=_reservation_number,
            why="A number below, a text above. For a text that is no number the setting `reservation_id` is told; who "
            "sets it must know it again.",
        ),
        *passes("location_id", "evse_uid", why=IDS),
        *added("authorization_reference", why=_REFERENCE),
    ),
    ("StartSession", "StartSession"): (
        *passes("location_id", "evse_uid", why=IDS),
        *added("connector_id", why="2.1.1 starts at an EVSE, not at a Connector."),
        *added("authorization_reference", why=_REFERENCE),
    ),
    ("UnlockConnector", "UnlockConnector"): passes("location_id", "evse_uid", why=IDS),
}
