# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a check of a received CDR found, in the form in which it is kept, and how it is found. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import structlog

from wwcp_ocpi import rules
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.rules import AnyCDR, AnyTariff, NoteCode, Tolerance, Verdict
from wwcp_ocpi.scalars import DateTime, Number, PartyId, now

log = structlog.get_logger()

MOST_NOTES = 50
"""A CDR of 100,000 periods may have as many notes; these are enough to know what is the matter."""
MOST_TEXT = 300
UNEXPLAINED = "UNEXPLAINED"
"""The reason of a difference that none of the known mistakes leads to."""
CHECK_FAILED = "CHECK_FAILED"
"""The code of a note: a defect of ours, not of the CDR. It is in the log."""

_PLAIN = frozenset({NoteCode.TAX_UNKNOWN.value, NoteCode.LIMIT_APPLIED.value})
"""Notes that explain a price and put nothing in doubt."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is not what it should be: its JSON path, both values, and what may have led to it."""

    path: str
    stated: Number
    computed: Number
    reasons: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A note of the check: what, where, in words. The codes are those of `rules.NoteCode`, and CHECK_FAILED."""

    code: str
    path: str
    text: str


class CdrCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result for one CDR. Amounts are in the currency of the CDR.

    `tariffs` are the ids of those that were used, `tariffs_from` is "cdr" where the CDR brought them and "store" where
    they are the stored ones. `computed` is what it should cost before and after taxes; None: cannot be known.
    """

    owner: str
    id: str
    partner: str
    version: str
    checked_at: DateTime
    verdict: Verdict
    currency: str = ""
    stated: Number | None = None
    computed: tuple[Number | None, Number | None] = (None, None)
    tariffs: tuple[str, ...] = ()
    tariffs_from: str = ""
    time_zone: str | None = None
    differences: tuple[Found, ...] = ()
    notes: tuple[Said, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not OK, each once: reasons of the differences; if it is UNCLEAR, the codes of the doubts, too."""
        if self.verdict is Verdict.OK:
            return ()
        reasons = [reason for one in self.differences for reason in one.reasons or (UNEXPLAINED,)]
        doubts = [note.code for note in self.notes if note.code not in _PLAIN and self.verdict is Verdict.UNCLEAR]
        return tuple(dict.fromkeys([*reasons, *doubts]))


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A CDR to check, with all that is known. `cdr` None: what is stored cannot be read, and `unreadable` says why.

    `tariffs` None: those that the CDR brings. `changed` are ids of stored Tariffs that changed after the session began.
    """

    owner: PartyId
    id: str
    partner: str
    version: str
    cdr: AnyCDR | None
    unreadable: OCPIError | None = None
    tariffs: tuple[AnyTariff, ...] | None = None
    changed: tuple[str, ...] = ()
    time_zone: str | None = None


def checked(question: Question, tolerance: Tolerance) -> CdrCheck:
    """The result. Never raises: a defect of ours is a note, and the CDR stays what it is."""
    try:
        return _checked(question, tolerance)
    except Exception as error:
        # The edge of a background task: one CDR must not keep the others from being checked.
        log.exception("cdr.check_failed", partner=question.partner, cdr=question.id)
        text = f"{type(error).__name__}: this CDR could not be checked, see the log"
        return _result(question, Verdict.UNCLEAR, notes=(Said(code=CHECK_FAILED, path="$", text=text),))


def _checked(question: Question, tolerance: Tolerance) -> CdrCheck:
    cdr = question.cdr
    if cdr is None:
        error = question.unreadable
        note = Said(code=NoteCode.CANNOT_PRICE.value, path=(error and error.path) or "$", text=_cut(str(error)))
        return _result(question, Verdict.UNCLEAR, notes=(note,))
    found = rules.check(cdr, question.tariffs, time_zone=question.time_zone, tolerance=tolerance)
    notes = [Said(code=one.code.value, path=one.path, text=_cut(one.text)) for one in found.notes[:MOST_NOTES]]
    verdict = found.verdict
    if question.changed and any("_cost" in one.path for one in found.differences):
        text = f"changed after the session began: {', '.join(question.changed)}; the CDR does not bring its tariffs"
        notes.append(Said(code=NoteCode.TARIFF_CHANGED_SINCE.value, path="$.tariffs", text=_cut(text)))
        verdict = Verdict.UNCLEAR
    own = tuple(getattr(cdr, "tariffs", None) or ())
    used = own if question.tariffs is None else question.tariffs
    total: Any = cdr.total_cost
    stated = total if isinstance(total, Decimal) else getattr(total, "excl_vat", getattr(total, "before_taxes", None))
    cost = None if found.priced is None else found.priced.total_cost
    return _result(
        question,
        verdict,
        currency=cdr.currency,
        stated=stated,
        computed=(None, None) if cost is None else (cost.before_taxes, cost.after_taxes),
        tariffs=tuple(str(one.id) for one in used[:MOST_NOTES]),
        tariffs_from="cdr" if question.tariffs is None and own else "store" if used else "",
        time_zone=question.time_zone,
        differences=tuple(
            Found(
                path=one.path,
                stated=one.stated,
                computed=one.computed,
                reasons=tuple(reason.name for reason in one.reasons),
                details=tuple(map(_cut, one.details)),
            )
            for one in found.differences
        ),
        notes=tuple(notes),
    )


def _result(question: Question, verdict: Verdict, **more: Any) -> CdrCheck:
    return CdrCheck(
        owner=str(question.owner),
        id=question.id,
        partner=question.partner,
        version=question.version,
        checked_at=now(),
        verdict=verdict,
        **more,
    )


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def read_check(body: bytes) -> CdrCheck:
    """A result as it was kept."""
    return codec.decode(CdrCheck, body)
