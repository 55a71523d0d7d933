# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an operator changes in the requests and answers of one partner, where that partner speaks OCPI its own way.

A modifier is a plain function from what is there to what shall be there. One that fails ends the exchange: nothing
goes out, and nothing is taken in, that it should have seen and has not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec
import structlog

from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.http import Request, Response

log = structlog.get_logger()

RequestModifier: TypeAlias = Callable[[Request], Request]
AnswerModifier: TypeAlias = Callable[[Request, Response], Response]
"""Gets the request too, as it was sent or understood."""

_T = TypeVar("_T")


class ModifierFailed(OCPIError):
    """A modifier raised, or gave back something else. The log says which and why; a partner hears only of 3000."""

    http_status = 500


def _as_it_is(request: Request) -> Request:
    return request


def _as_it_came(request: Request, answer: Response) -> Response:
    return answer


class Modifiers(msgspec.Struct, frozen=True, kw_only=True):
    """The modifiers of one partner. Header names are in lower case.

    `request_to` and `answer_from` see what we ask the partner, with our credentials token, and what it answered;
    each try of a call is modified anew. `request_from` and `answer_to` see what the partner asks us, without its
    credentials token and after it was found to be valid, and our answer.
    """

    request_to: RequestModifier = _as_it_is
    answer_from: AnswerModifier = _as_it_came
    request_from: RequestModifier = _as_it_is
    answer_to: AnswerModifier = _as_it_came


NO_MODIFIERS = Modifiers()


def modified_request(modifier: RequestModifier, request: Request) -> Request:
    """The request as a modifier leaves it.

    Raises:
        ModifierFailed
    """
    return _applied(Request, modifier, request)


def modified_answer(modifier: AnswerModifier, request: Request, answer: Response) -> Response:
    """The answer as a modifier leaves it.

    Raises:
        ModifierFailed
    """
    return _applied(Response, modifier, request, answer)


def _applied(kind: type[_T], modifier: Callable[..., Any], *values: object) -> _T:
    name = getattr(modifier, "__qualname__", type(modifier).__qualname__)
    try:
        made = modifier(*values)
    except Exception as error:
        # The operator's own code: whatever it raises is its defect, not the partner's and not ours.
        log.exception("modifier.failed", modifier=name)
        raise ModifierFailed("a modifier of this platform failed") from error
    if not isinstance(made, kind):
        log.error("modifier.failed", modifier=name, expected=kind.__name__, got=type(made).__name__)
        raise ModifierFailed("a modifier of this platform failed")
    return made
