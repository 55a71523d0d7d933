# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happened that somebody may have to answer for, as lines that cannot be changed unnoticed.

Each line is a JSON object in ASCII. It ends with `chain`: the SHA-256 of the `chain` of the line before and of itself
without `chain`. Every now and then a line is a checkpoint: it signs the chain so far. Who edits, removes or reorders
lines breaks the chain; who mends the chain breaks the next checkpoint. What lies behind the last checkpoint is not
protected yet, and who takes away the end of the log together with its checkpoints is only noticed by somebody who has
kept a later checkpoint elsewhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LONGEST_TEXT = 200
"""Of a field, in characters; what is longer was chosen by somebody else."""
START = "0" * 64
"""The chain before the first line."""

_MARK = b',"chain":"'
_CLOSE = b'"}\n'
_DELETE = 0x7F
_TAIL = len(_MARK) + 64 + len(b'"}')
_SIGNED = "wwcp-ocpi audit checkpoint"


class Severity(Enum):
    """How soon somebody should look."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


class Reason(Enum):
    """What happened: the code in the log, its severity, and what it means."""

    UNKNOWN_TOKEN = ("unknown_token", Severity.WARNING, "a credentials token or login that nobody has")
    BLOCKED = ("blocked", Severity.WARNING, "a partner or token that is blocked")
    TOKEN_NOT_YET_VALID = ("token_not_yet_valid", Severity.WARNING, "a credentials token before its time")
    TOKEN_EXPIRED = ("token_expired", Severity.WARNING, "a credentials token after its time")
    MISSING_TOTP = ("missing_totp", Severity.WARNING, "no one-time password where one is required")
    INVALID_TOTP = ("invalid_totp", Severity.WARNING, "a one-time password of no slot")
    EXPIRED_TOTP = ("expired_totp", Severity.WARNING, "a one-time password that was good some slots ago")
    REPLAYED_TOTP = ("replayed_totp", Severity.ALARM, "a one-time password for the second time")
    UNBOUND_TOTP = ("unbound_totp", Severity.ALARM, "a raw one-time password where it must be bound to the channel")
    NO_CHANNEL = ("no_channel", Severity.WARNING, "a bound one-time password on a connection that offers no binding")
    MISSING_CERTIFICATE = ("missing_certificate", Severity.WARNING, "no client certificate where one is required")
    WRONG_CERTIFICATE = ("wrong_certificate", Severity.ALARM, "a client certificate that was refused")
    NEW_CERTIFICATE = ("new_certificate", Severity.WARNING, "a known login from another certificate than before")
    NEW_NETWORK = ("new_network", Severity.WARNING, "a known login from another network than before")
    PARTY_VIOLATION = ("party_violation", Severity.ALARM, "a partner that speaks for a party which is not its own")
    ROLE_VIOLATION = ("role_violation", Severity.ALARM, "an operation that the role of the token does not cover")
    PERMISSION_VIOLATION = ("permission_violation", Severity.ALARM, "an operation that the certificate does not cover")
    CONTRADICTED_CDR = ("contradicted_cdr", Severity.ALARM, "a CDR that is known with another content")
    CLOCK_DRIFT = ("clock_drift", Severity.WARNING, "a partner whose clock differs from ours")
    REPEATED_FAILURES = ("repeated_failures", Severity.ALARM, "too many refusals of one source or login")
    OUTBOUND_REFUSED = ("outbound_refused", Severity.ALARM, "a URL of a partner that must not be called")
    PARTNER_REGISTERED = ("partner_registered", Severity.INFO, "a partner registered, or we at it")
    PARTNER_RENEWED = ("partner_renewed", Severity.INFO, "new credentials tokens on both sides")
    PARTNER_UNREGISTERED = ("partner_unregistered", Severity.INFO, "the end of a relation")
    PARTNER_BLOCKED = ("partner_blocked", Severity.INFO, "we blocked a partner, or let it in again")
    TOKEN_ISSUED = ("token_issued", Severity.INFO, "an invitation or one more credentials token")
    SECRET_ROTATED = ("secret_rotated", Severity.INFO, "a new secret of one-time passwords")
    CERTIFICATE_EXPIRING = ("certificate_expiring", Severity.WARNING, "a certificate that ends soon")
    AUDIT_OPENED = ("audit_opened", Severity.INFO, "the log goes on from here")
    AUDIT_CLOSED = ("audit_closed", Severity.INFO, "the log was closed in order")
    AUDIT_DAMAGED = ("audit_damaged", Severity.ALARM, "the log was not as it was left")
    AUDIT_MENDED = ("audit_mended", Severity.WARNING, "the last record was not written to its end; a crash does that")
    RECORDS_LOST = ("records_lost", Severity.ALARM, "records that could not be written")
    CHECKPOINT = ("checkpoint", Severity.INFO, "the signature of everything before")

    def __init__(self, code: str, severity: Severity, meaning: str) -> None:
        self.code = code
        """The word in the log, which stays the same for ever."""
        self.severity = severity
        """How soon somebody should look."""
        self.meaning = meaning
        """In words."""

    __hash__ = object.__hash__
    """Each is there once; by its name, as usual, a count of them costs more than the rest of a note."""


class Event(NamedTuple):
    """Something to be noted. Texts may come from anybody and may hold anything but secrets."""

    reason: Reason
    partner: str = ""
    login: str = ""
    source: str = ""
    """Address of the caller."""
    request: str = ""
    """What was asked, as method and path, and never the query."""
    request_id: str = ""
    certificate: str = ""
    """Fingerprint of the caller's."""
    detail: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, as it is written. `prev`, `key` and `signature` are a checkpoint's."""

    n: int
    at: str
    event: str
    severity: str
    partner: str = ""
    login: str = ""
    source: str = ""
    request: str = ""
    request_id: str = ""
    certificate: str = ""
    detail: str = ""
    prev: str = ""
    key: str = ""
    signature: str = ""
    chain: str = ""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A signature of everything up to line `n`, which holds it. A copy of it, kept elsewhere, shows truncation."""

    n: int
    at: str
    prev: str
    key: str
    signature: str


class Problem(Enum):
    """What is wrong with a log."""

    MALFORMED = "malformed"
    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    BAD_SIGNATURE = "bad_signature"
    NO_CHECKPOINT = "no_checkpoint"
    DAMAGED = "damaged"
    """Found by the gateway itself when it opened the log, and noted there."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and where. Line 0 speaks of the whole."""

    file: str
    line: int
    problem: Problem
    text: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking. `unsigned` counts the lines behind the last checkpoint, which nothing protects yet."""

    records: int
    checkpoints: int
    first: int
    last: int
    unsigned: int
    findings: tuple[Finding, ...]


class Line(NamedTuple):
    """A line of a log with where it stands."""

    file: str
    number: int
    text: bytes


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


class Chain:
    """Makes lines, one after the other, each tied to the one before."""

    def __init__(self, key: Ed25519PrivateKey, *, n: int = 0, chain: str = START) -> None:
        self._key = key
        self._public = key_id(key.public_key())
        self._at = (-1, "")
        self.n = n
        self.chain = chain

    def line(self, event: Event, unix_s: float) -> bytes:
        """The next line."""
        reason, partner, login, source, request, request_id, certificate, detail = event
        self.n += 1
        return self._tied(
            Record(
                n=self.n,
                at=self._wire(unix_s),
                event=reason.code,
                severity=reason.severity.value,
                partner=partner[:LONGEST_TEXT],
                login=login[:LONGEST_TEXT],
                source=source[:LONGEST_TEXT],
                request=request[:LONGEST_TEXT],
                request_id=request_id[:LONGEST_TEXT],
                certificate=certificate[:LONGEST_TEXT],
                detail=detail[:LONGEST_TEXT],
            )
        )

    def checkpoint(self, unix_s: float) -> tuple[bytes, Checkpoint]:
        """The next line as a checkpoint, and what of it is worth keeping elsewhere."""
        self.n += 1
        at, reason = self._wire(unix_s), Reason.CHECKPOINT
        signature = base64.b64encode(self._key.sign(_to_sign(self.n, at, self.chain))).decode()
        made = Checkpoint(n=self.n, at=at, prev=self.chain, key=self._public, signature=signature)
        record = Record(
            n=made.n,
            at=at,
            event=reason.code,
            severity=reason.severity.value,
            prev=made.prev,
            key=made.key,
            signature=signature,
        )
        return self._tied(record), made

    def _tied(self, record: Record) -> bytes:
        body = _in_ascii(record)
        self.chain = _next(self.chain, body)
        return body[:-1] + _MARK + self.chain.encode() + _CLOSE

    def _wire(self, unix_s: float) -> str:
        millis = int(unix_s * 1000)
        if millis != self._at[0]:
            moment = datetime.fromtimestamp(millis // 1000, UTC)
            self._at = (millis, f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03}Z")
        return self._at[1]


def key_id(key: Ed25519PublicKey) -> str:
    """By what a checkpoint names the key that it is signed with: the key itself, in hex."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def read(line: bytes) -> Record | None:
    """The record in a line; None if there is none."""
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        return None


def verify(
    lines: Iterable[Line], key: Ed25519PublicKey, *, begins_at: int = 1, kept: Iterable[Checkpoint] = ()
) -> Report:
    """Read a whole log and tell what is wrong with it.

    Args:
        lines: Of all files, in order, without the line ends.
        key: The one whose signatures count.
        begins_at: Number of the first line that must be there: higher where older files were put away.
        kept: Checkpoints that were kept beside the log or elsewhere: each must be in it.
    """
    return _Check(key, begins_at, {one.n: one for one in kept if one.n >= begins_at}).run(lines)


class _Check:
    def __init__(self, key: Ed25519PublicKey, begins_at: int, kept: dict[int, Checkpoint]) -> None:
        self._key = key
        self._public = key_id(key)
        self._begins_at = begins_at
        self._kept = kept
        self._findings: list[Finding] = []
        self._chain = START
        self._last = begins_at - 1

    def run(self, lines: Iterable[Line]) -> Report:
        records = checkpoints = first = signed = 0
        line = Line("", 0, b"")
        for line in lines:
            record = read(line.text)
            if record is None or line.text[-_TAIL:] != _end(record.chain):
                self._find(line, Problem.MALFORMED, "expected a record")
                continue
            if record.n == self._begins_at and not records and record.event == Reason.CHECKPOINT.code:
                self._chain = record.prev  # what was put away before is vouched for by this signature
            records, first = records + 1, first or record.n
            follows = self._place(line, record)
            if record.event == Reason.CHECKPOINT.code:
                checkpoints += 1
                if self._is_signed(line, record, follows=follows):
                    signed = record.n
            if record.event == Reason.AUDIT_DAMAGED.code:
                self._find(line, Problem.DAMAGED, f"at {record.at}: {record.detail}")
            self._chain, self._last = record.chain, record.n
        if not checkpoints:
            self._find(Line(line.file, 0, b""), Problem.NO_CHECKPOINT, "expected a signed checkpoint, got none")
        for n, _ in sorted(self._kept.items()):
            text = f"checkpoint {n} is known and not in the log"
            self._find(Line(line.file, 0, b""), Problem.TRUNCATED, text)
        return Report(
            records=records,
            checkpoints=checkpoints,
            first=first,
            last=self._last if records else 0,
            unsigned=max(0, self._last - max(signed, self._begins_at - 1)),
            findings=tuple(self._findings),
        )

    def _place(self, line: Line, record: Record) -> bool:
        """Whether a record has the number that follows; what else is wrong with its place or content is noted."""
        body = line.text[:-_TAIL] + b"}"
        follows = self._last + 1
        if record.n > follows:
            self._find(line, Problem.REMOVED, f"records {follows} to {record.n - 1} are not there")
        elif record.n < follows:
            self._find(line, Problem.REORDERED, f"record {record.n} stands behind record {self._last}")
        elif record.chain != _next(self._chain, body):
            self._find(line, Problem.EDITED, f"record {record.n}, or one before it, is not what was written")
        return record.n == follows

    def _is_signed(self, line: Line, record: Record, *, follows: bool) -> bool:
        kept = self._kept.pop(record.n, None)
        if kept is not None and (kept.prev, kept.signature) != (record.prev, record.signature):
            self._find(line, Problem.EDITED, f"checkpoint {record.n} is another than the one that was kept")
        try:
            signature = base64.b64decode(record.signature, validate=True)
            self._key.verify(signature, _to_sign(record.n, record.at, record.prev))
        except (InvalidSignature, ValueError):
            self._find(line, Problem.BAD_SIGNATURE, f"checkpoint {record.n}: not signed with key {self._public[:16]}")
            return False
        if follows and record.prev != self._chain:
            self._find(line, Problem.EDITED, f"checkpoint {record.n}: signed another chain than the one before it")
            return False
        return True

    def _find(self, line: Line, problem: Problem, text: str) -> None:
        self._findings.append(Finding(file=line.file, line=line.number, problem=problem, text=text))


def _to_sign(n: int, at: str, chain: str) -> bytes:
    return f"{_SIGNED}\n{n}\n{at}\n{chain}".encode()


def _next(chain: str, body: bytes) -> str:
    return sha256(chain.encode() + body).hexdigest()


def _end(chain: str) -> bytes:
    """How a line ends; everything before it is what the chain covers, but for the brace that closes it."""
    return b'%b%b"}' % (_MARK, chain.encode())


def _in_ascii(record: Record) -> bytes:
    """JSON without a single character that a terminal, a browser or a line reader could take for something else."""
    try:
        body = _encoder.encode(record)
        if body.isascii() and _DELETE not in body:
            return body
    except UnicodeEncodeError:  # half of a surrogate pair
        pass
    fields = {name: _whole(getattr(record, name)) for name in record.__struct_fields__}
    body = json.dumps({name: value for name, value in fields.items() if value != ""}, separators=(",", ":")).encode()
    return body.replace(b"\x7f", b"\\u007f")


def _whole(value: object) -> object:
    """A text in which half of a surrogate pair, which no JSON reader takes, is a replacement character."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value
