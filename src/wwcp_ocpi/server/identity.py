# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is calling, and whether this is theirs to ask: one way for every version and every endpoint.

`identify` goes from the connection to the caller: source, credentials token, one-time password, certificate. What is
wrong is an event for us and the same 401 for whoever asks: it does not tell an unknown token from a wrong password.
`admit` goes on when the row is known: party, role, permission; what is wrong there is 403 with OCPI 2001.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol.credentials_token import TokenForm, candidates
from wwcp_ocpi.protocol.errors import NotAllowed, NotAuthenticated, TooManyRefusals
from wwcp_ocpi.protocol.http import AUTHORIZATION, REQUEST_ID, TOTP, Request
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.carriers import Carrier, Shown, read_basic, read_header, read_scheme
from wwcp_ocpi.security.certificates import NO_READER, CertificateReader, CertificateRefused
from wwcp_ocpi.security.failures import Failures, network_of
from wwcp_ocpi.security.passwords import DRIFT_S, Expected, Fault, Matched, PasswordCheck
from wwcp_ocpi.server.audit import Audit, LoggedAudit
from wwcp_ocpi.server.call import Call
from wwcp_ocpi.server.caller import Caller, Directory, Login
from wwcp_ocpi.server.headers import check_parties

MAX_LOGINS = 1024
CERTIFICATE_S = 10.0
"""How long a verdict on a certificate counts before it is looked at again: revocation lists change."""
_DRIFT_EVERY_S = 3600.0
_PLACES = 16
_BASIC, _SCHEME = "basic", "totp"
_CHALLENGES = {Carrier.BASIC: 'Basic realm="ocpi"', Carrier.SCHEME: 'TOTP realm="ocpi"'}


class RoleNotAllowed(NotAllowed):
    """The interface is for another role than the caller's."""


class PermissionNotAllowed(NotAllowed):
    """The operation is none of those that the caller's certificate allows."""


_VIOLATIONS: Mapping[type[NotAllowed], Reason] = {
    RoleNotAllowed: Reason.ROLE_VIOLATION,
    PermissionNotAllowed: Reason.PERMISSION_VIOLATION,
}


_FAULTS: Mapping[Fault, Reason] = {fault: Reason[fault.name] for fault in Fault}


class _Presented(msgspec.Struct, frozen=True):
    """A login with the password that came in its own header, if it did."""

    login: Login
    shown: Shown | None


class _Refused(Exception):
    def __init__(self, reason: Reason, login: Login | None, detail: str = "", certificate: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.login = login
        self.certificate = certificate


class _Certified(msgspec.Struct, frozen=True):
    caller: Caller
    until: float


class Identity:
    """Remembers what it found out: tokens as long as the directory stays as it is, passwords for their slots."""

    def __init__(
        self,
        directory: Directory,
        *,
        refusals_per_minute: int = 60,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.directory = directory
        self.clock = clock
        self.audit: Audit = LoggedAudit()
        self.certificates: CertificateReader = NO_READER
        self.failures = Failures(refusals_per_minute)
        self._passwords = PasswordCheck()
        self._presented: dict[str, _Presented] = {}
        self._certified: dict[tuple[str, tuple[bytes, ...]], _Certified] = {}
        self._generation = -1
        self._seen: dict[tuple[Reason, str], set[str]] = {}
        self._shown: dict[str, set[bytes]] = {}
        """Certificates as they came, so that none is hashed at each request."""
        self._drifts: dict[str, float] = {}

    def identify(self, request: Request) -> Caller:
        """The caller.

        Raises:
            NotAuthenticated: no credentials, or none that are valid here and now (TRN-05, TRN-06).
            TooManyRefusals: this address was refused too often lately.
        """
        now = self.clock()
        login: Login | None = None
        try:
            presented = self._present(request)
            login = presented.login
            self._check_patience(request, login.id, now)
            caller = self._check(request, presented, now)
        except _Refused as refused:
            self._refuse(request, refused, now)
        if not self.failures.is_quiet or request.source:
            self.failures.succeeded(request.source, login.id, now)
            self._note_places(request, login)
        if login.certificate is None and request.channel is not None and request.channel.peer_chain:
            self._note_shown(login, request.channel.peer_chain[0])
        return caller

    def challenge(self) -> str:
        """What `WWW-Authenticate` says: every scheme with which some partner could succeed."""
        carriers = self.directory.carriers
        return ", ".join(["Token", *(text for carrier, text in _CHALLENGES.items() if carrier in carriers)])

    def unauthenticated(self, message: str) -> NotAuthenticated:
        """A refusal with the challenge that belongs to it."""
        return NotAuthenticated(message, headers={"www-authenticate": self.challenge()})

    # The credentials token

    def _present(self, request: Request) -> _Presented:
        """The login that a header stands for, remembered as long as the directory stays as it is."""
        header = request.headers.get(AUTHORIZATION, "")
        if self._generation != self.directory.generation or len(self._presented) >= MAX_LOGINS:
            self._presented.clear()
            self._certified.clear()
            self._generation = self.directory.generation
        known = self._presented.get(header)
        if known is None:
            self._check_patience(request, "", self.clock())
            known = self._presented[header] = self._look_up(header)
        return known

    def _look_up(self, header: str) -> _Presented:
        scheme = header.strip().partition(" ")[0].lower()
        if scheme in (_BASIC, _SCHEME):
            try:
                shown = read_basic(header) if scheme == _BASIC else read_scheme(header)
            except NotAuthenticated as error:
                raise _Refused(Reason.UNKNOWN_TOKEN, None, str(error)) from error
            login = self.directory.login(shown.login or "")
            if login is None:
                raise _Refused(Reason.UNKNOWN_TOKEN, None)
            if login.passwords is None:
                raise _Refused(Reason.INVALID_TOTP, login, "no one-time passwords are agreed")
            return _Presented(login, shown)
        wrong: Login | None = None
        for form in (TokenForm.BASE64, TokenForm.RAW):
            for text in candidates(header, form):
                login = self.directory.login(text)
                if login is not None and login.form in (TokenForm.EITHER, form):
                    return _Presented(login, None)
                wrong = wrong or login
        raise _Refused(Reason.UNKNOWN_TOKEN, wrong, "in another form than agreed" if wrong else "")

    # What must come with it

    def _check(self, request: Request, presented: _Presented, now: float) -> Caller:
        login = presented.login
        if login.is_blocked:
            raise _Refused(Reason.BLOCKED, login)
        if now < login.not_before:
            raise _Refused(Reason.TOKEN_NOT_YET_VALID, login)
        if now >= login.not_after:
            raise _Refused(Reason.TOKEN_EXPIRED, login)
        way, retires = 0, login.replaces_others
        if login.passwords is not None:
            way = self._check_password(request, presented, login.passwords, now).way
            retires = retires or way < len(login.passwords.ways) - 1
        caller = login.caller if login.certificate is None else self._check_certificate(request, login, now)
        if retires:
            self.directory.used(login, way)
        return caller

    def _check_password(self, request: Request, presented: _Presented, expected: Expected, now: float) -> Matched:
        login, shown = presented.login, presented.shown
        if shown is None:
            text = request.headers.get(TOTP)
            if text is not None:
                try:
                    shown = read_header(text, expected.bare)
                except NotAuthenticated as error:
                    raise _Refused(Reason.INVALID_TOTP, login, str(error)) from error
        found = self._passwords.check(login.id, expected, shown, request.channel, now)
        if isinstance(found, Fault):
            raise _Refused(_FAULTS[found], login)
        if found.drift_s > DRIFT_S and self._drifts.get(login.id, -math.inf) < now - _DRIFT_EVERY_S:
            self._drifts[login.id] = now
            self._note(request, Reason.CLOCK_DRIFT, login, detail=f"at least {found.drift_s} s")
        return found

    def _check_certificate(self, request: Request, login: Login, now: float) -> Caller:
        chain = request.channel.peer_chain if request.channel is not None else ()
        if not chain:
            raise _Refused(Reason.MISSING_CERTIFICATE, login)
        known = self._certified.get((login.id, chain))
        if known is None or known.until <= now:
            if len(self._certified) >= MAX_LOGINS:
                self._certified.clear()
            known = _Certified(self._certify(chain, login, now), now + CERTIFICATE_S)
            self._certified[login.id, chain] = known
        return known.caller

    def _certify(self, chain: tuple[bytes, ...], login: Login, now: float) -> Caller:
        """The caller with what its certificate leaves of its roles, and allows."""
        rule, caller = login.certificate, login.caller
        assert rule is not None, "asked only where there is one"
        try:
            facts = self.certificates.read(chain, now)
        except CertificateRefused as error:
            raise _Refused(Reason.WRONG_CERTIFICATE, login, str(error)) from error
        problem = rule.problem(facts, caller.parties)
        if problem is not None:
            raise _Refused(Reason.WRONG_CERTIFICATE, login, problem, facts.fingerprint)
        self._note_new(Reason.NEW_CERTIFICATE, login, facts.fingerprint, certificate=facts.fingerprint)
        roles = caller.roles
        if rule.parties and roles:
            roles = roles & facts.roles
            if not roles:
                raise _Refused(Reason.WRONG_CERTIFICATE, login, "for another role", facts.fingerprint)
        certified = facts.party_ids if rule.parties else None
        return replace(caller, roles=roles, certified=certified, permissions=facts.permissions)

    def violation(self, request: Request, caller: Caller, error: NotAllowed) -> None:
        """Note that a known partner asked for what is not its own."""
        self.noticed(request, caller, _VIOLATIONS.get(type(error), Reason.PARTY_VIOLATION), str(error))

    def noticed(self, request: Request, caller: Caller, reason: Reason, detail: str) -> None:
        """Note what a known partner did."""
        self.audit.append(Event(reason, partner=caller.partner, detail=detail, **_of(request)))

    # Refusals

    def wait_s(self, source: str) -> int:
        """How many seconds this address should wait before it tries anything again; 0: it may ask now."""
        return math.ceil(self.failures.wait_s(source, "", self.clock()))

    def stranger(self, event: Event) -> None:
        """Note that somebody who is no partner was refused, and count it for the address like any other refusal.

        Called for what is refused before or beside this: a handshake, a page of the operator.
        """
        self.audit.append(event)
        if self.failures.failed(event.source, "", self.clock()):
            self.audit.append(event._replace(reason=Reason.REPEATED_FAILURES))

    def _check_patience(self, request: Request, login: str, now: float) -> None:
        if self.failures.is_quiet:
            return
        wait_s = self.failures.wait_s(request.source, login, now)
        if wait_s:
            raise TooManyRefusals(
                "too many refusals from this address", headers={"retry-after": str(max(1, math.ceil(wait_s)))}
            )

    def _refuse(self, request: Request, refused: _Refused, now: float) -> NoReturn:
        login = refused.login
        self._note(request, refused.reason, login, detail=str(refused), certificate=refused.certificate)
        if self.failures.failed(request.source, login.id if login else "", now):
            self._note(request, Reason.REPEATED_FAILURES, login)
        raise self.unauthenticated("expected credentials that are valid here") from refused

    def _note(
        self, request: Request, reason: Reason, login: Login | None, *, detail: str = "", certificate: str = ""
    ) -> None:
        self.audit.append(
            Event(
                reason,
                partner=login.caller.partner if login else "",
                login=login.id if login else "",
                detail=detail,
                certificate=certificate,
                **_of(request),
            )
        )

    def _note_places(self, request: Request, login: Login) -> None:
        if request.source:
            self._note_new(Reason.NEW_NETWORK, login, network_of(request.source), source=request.source)

    def _note_shown(self, login: Login, leaf: bytes) -> None:
        """A certificate that nobody asked for, and that the connection has verified: another one is worth a look."""
        seen = self._shown.get(login.id)
        if seen is None or leaf not in seen:
            if seen is None or len(seen) >= _PLACES:
                if len(self._shown) >= MAX_LOGINS:
                    self._shown.clear()
                seen = self._shown[login.id] = set()
            seen.add(leaf)
            fingerprint = hashlib.sha256(leaf).hexdigest()
            self._note_new(Reason.NEW_CERTIFICATE, login, fingerprint, certificate=fingerprint)

    def _note_new(self, reason: Reason, login: Login, what: str, **fields: str) -> None:
        """Say it when a login comes from elsewhere than before. What was before the start is not known."""
        seen = self._seen.get((reason, login.id))
        if seen is None:
            if len(self._seen) >= MAX_LOGINS:
                self._seen.clear()
            self._seen[reason, login.id] = {what}
        elif what not in seen:
            if len(seen) >= _PLACES:
                seen.clear()
            seen.add(what)
            self.audit.append(Event(reason, partner=login.caller.partner, login=login.id, **fields))


def admit(call: Call, certificates: CertificateReader) -> None:
    """Refuse what is not the caller's to ask, before anything is looked up. Before roles are known, none is refused.

    Raises:
        NotAllowed: the party in path or headers is not the caller's, the interface is for another role, or the
            certificate does not allow the operation.
        NotFound: addressed to a party that is not here.
    """
    if not call.route.is_open:
        check_parties(call)
        roles = call.caller.roles
        if roles and roles.isdisjoint(call.route.callers):
            raise RoleNotAllowed(
                f"{call.module.identifier}: a partner in the role {', '.join(sorted(roles))} does not call "
                f"the {call.endpoint.interface.value} interface"
            )
    permissions = call.caller.permissions
    if permissions is not None:
        needed = certificates.needed(call.endpoint)
        if needed is not None and needed not in permissions:
            raise PermissionNotAllowed(
                f"{call.module.identifier}: the certificate does not allow this, without {needed}"
            )


def has_password(request: Request) -> bool:
    """Whether a request carries a one-time password, in whichever way; its answer is then nobody else's."""
    header = request.headers.get(AUTHORIZATION)
    return TOTP in request.headers or (header is not None and header[:5].lower() in ("basic", "totp "))


def _of(request: Request) -> dict[str, str]:
    return {
        "source": request.source,
        "request": f"{request.method} {request.path[:200]}",
        "request_id": request.headers.get(REQUEST_ID, ""),
    }
