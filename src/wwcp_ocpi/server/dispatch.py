# SPDX-License-Identifier: AGPL-3.0-or-later
"""From Request to Response: find the row, know the caller, run the behaviour, answer in an envelope.

The order is fixed: who calls (401), then what for (404, 405), then whether that is theirs to ask (403), then the
behaviour. Whoever is not known learns nothing else.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

import structlog
from msgspec.structs import replace

from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.conformance import Finding
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed, OCPIError, PartnerError
from wwcp_ocpi.protocol.http import (
    AUTHORIZATION,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    JSON,
    TOTP,
    Request,
    Response,
    in_one_piece,
)
from wwcp_ocpi.protocol.modifiers import ModifierFailed, Modifiers, modified_answer, modified_request
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.failures import Failures
from wwcp_ocpi.server import (
    asynchronous,
    bookings,
    changes,
    commands,
    cors,
    credentials,
    lists,
    objects,
    open_data,
    open_marks,
    payments,
    posts,
    preferences,
    profiles,
    tokens,
    versions,
)
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.call import Answer, Behaviour, Call
from wwcp_ocpi.server.caller import ANONYMOUS, Caller, Directory
from wwcp_ocpi.server.credentials import Registrar
from wwcp_ocpi.server.decisions import (
    NO_BOOKER,
    NO_COMMANDER,
    NO_PROFILE_OPERATOR,
    NO_TERMINALS,
    Acceptor,
    Authorizer,
    Booker,
    Commander,
    LoggedProfiles,
    NoPreferences,
    PreferencesTaker,
    ProfileListener,
    ProfileOperator,
    StoredTokens,
    TariffChooser,
    Terminals,
)
from wwcp_ocpi.server.headers import answer_headers
from wwcp_ocpi.server.identity import Identity, admit, has_password
from wwcp_ocpi.server.payments import Hears
from wwcp_ocpi.server.routing import Route, Router
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Changes, Store

log = structlog.get_logger()

BEHAVIOURS: Mapping[Operation, Behaviour] = {
    Operation.VERSIONS: versions.list_versions,
    Operation.VERSION_DETAILS: versions.version_details,
    Operation.GET_CREDENTIALS: credentials.get_credentials,
    Operation.REGISTER: credentials.register,
    Operation.UPDATE_CREDENTIALS: credentials.update_credentials,
    Operation.UNREGISTER: credentials.unregister,
    Operation.LIST: lists.list_objects,
    Operation.GET: objects.get_object,
    Operation.PUT: changes.put_object,
    Operation.PATCH: changes.patch_object,
    Operation.POST_STATUS: changes.post_status,
    Operation.DELETE: changes.delete_object,
    Operation.POST: posts.post_object,
    Operation.GET_BY_URL: objects.get_object,
    Operation.AUTHORIZE: tokens.authorize,
    Operation.COMMAND: commands.command,
    Operation.REQUEST_BOOKING: bookings.request_booking,
    Operation.RESULT: asynchronous.result,
    Operation.GET_PROFILE: profiles.ask_for_profile,
    Operation.SET_PROFILE: profiles.ask_for_profile,
    Operation.CLEAR_PROFILE: profiles.ask_for_profile,
    Operation.UPDATE_PROFILE: profiles.update_profile,
    Operation.SET_PREFERENCES: preferences.set_preferences,
    Operation.LIST_OF_PARTY: lists.list_of_party,
    Operation.DELETE_OF_PARTY: changes.delete_of_party,
    Operation.ACTIVATE: payments.activate,
    Operation.DEACTIVATE: payments.deactivate,
}
"""What each operation does, in every version and every module that has rows with it."""

_OPEN_OBJECTS: Mapping[Operation, Behaviour] = {
    Operation.LIST: open_data.list_open,
    Operation.GET: objects.get_object,
}
OPEN: Mapping[tuple[str, Interface], Mapping[Operation, Behaviour]] = {
    ("versions", Interface.BOTH): {
        Operation.VERSIONS: versions.list_versions,
        Operation.VERSION_DETAILS: versions.version_details,
    },
    ("locations", Interface.SENDER): _OPEN_OBJECTS,
    ("tariffs", Interface.SENDER): _OPEN_OBJECTS,
}
"""What may be open to everybody, and what it does then. `ServerSettings.open_modules` says what is open here."""
_READING = frozenset({"GET", "OPTIONS"})
_SHOWN = frozenset({AUTHORIZATION, TOTP})
_SPEAKS_FOR = frozenset({FROM_COUNTRY_CODE, FROM_PARTY_ID})
_JSON_HEADERS = {"content-type": JSON}


class Server:
    """One OCPI platform towards all its partners, in all its versions."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        directory: Directory,
        registrar: Registrar,
        bridge: Bridge | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.identity = Identity(directory, refusals_per_minute=settings.refusals_per_minute)
        """Who is calling; its `audit` and `certificates` are ports."""
        self.registrar = registrar
        self.bridge = bridge or Bridge(store)
        self.authorizer: Authorizer = StoredTokens(store, sorted(settings.party_ids), self.bridge)
        self.commander: Commander = NO_COMMANDER
        self.tariffs: TariffChooser | None = None
        """Who chooses the Tariffs of Connectors per partner; None: they are alike for all."""
        self.profile_operator: ProfileOperator = NO_PROFILE_OPERATOR
        self.profile_listener: ProfileListener = LoggedProfiles()
        self.preferences: PreferencesTaker = NoPreferences()
        self.booker: Booker = NO_BOOKER
        self.turns = bookings.Turns()
        self.terminals: Terminals = NO_TERMINALS
        self.hears: Hears = payments.nobody_hears
        self.reachable: Callable[[], frozenset[PartyId]] = frozenset
        """The parties that can be addressed here beside our own: those behind a hub."""
        self.changes_of: Callable[[Call], Changes] = lambda call: store
        """Where the changes of a call are written: into the store, by a hub with what others hear of it."""
        self.heard: dict[str, float] = {}
        """When each partner last said something, for a hub that must know (HCI-05)."""
        self.may_call: Callable[[str, str], bool] = lambda partner, url: True
        """Whether a partner is at a URL that it wants to be called at."""
        self.desk: asynchronous.Desk | None = None
        self.followers: profiles.Followers | None = None
        self.results: dict[str, asynchronous.Results] = {}
        """Who takes the results that partners post, by module."""
        self.acceptors: dict[str, Acceptor] = {}
        """Who says whether posted objects are kept, by kind: `cdrs`. Without one, all that are well-formed are."""
        self.modifiers: Mapping[str, Modifiers] = {}
        """What is changed in the traffic with single partners, by the partner's id."""
        self.versions: Sequence[Version] = [version(number) for number in settings.versions]
        self.findings: Counter[tuple[str, str]] = Counter()
        self._served = {known.number: self._sides(known) for known in self.versions}
        self.router = Router(
            ((known, row) for known in self.versions for row in known.endpoints if self._serves(known, row)),
            settings.extensions,
        )
        self.open_sides = frozenset(side for side in OPEN if side[0] in settings.open_modules)
        """The sides of modules in which something is answered without a token."""
        self.reads = Failures(settings.open_reads_per_minute)
        """What was asked without a token, counted as refusals are."""
        self.vault = Vault(Vault.new_key())
        """Seals what whoever comes without a token carries from page to page; a platform has a key that lasts."""
        open_marks.follow_open(store, settings.open_kinds, settings.party_ids)

    def served(self, version: Version) -> frozenset[tuple[str, Interface]]:
        """The sides of functional modules that this server answers for."""
        return self._served[version.number]

    def count_findings(self, partner: str, findings: Sequence[Finding]) -> None:
        """Remember how often a partner's objects were not as specified, by rule."""
        for finding in findings:
            self.findings[partner, finding.rule] += 1

    async def handle(self, request: Request) -> Response:
        """Answer one request. Never raises: what goes wrong becomes an envelope."""
        return in_one_piece(await self.respond(request))

    async def respond(self, request: Request) -> Response:
        """The same for who can send a large body in `pieces`, as pages are then answered."""
        response = await self._respond(request)
        if has_password(request):
            # What was answered to a one-time password is for nobody who comes later.
            return replace(response, headers={**response.headers, "cache-control": "private"})
        return response

    async def _respond(self, request: Request) -> Response:
        try:
            caller = self._caller(request)
        except PartnerError as error:
            return self._response(request, _failure(error))
        except Exception:  # as in `_handle`
            log.exception("request.failed", method=request.method, path=request.path)
            return self._response(request, _failure(_defect()))
        if caller is ANONYMOUS:
            response = self._response(request, await self._handle(request, caller))
            shared = cors.headers(request) if self.settings.cors else {}
            return replace(response, headers={**response.headers, **shared})
        modifiers = self.modifiers.get(caller.partner) if self.modifiers else None
        if modifiers is None:
            return self._response(request, await self._handle(request, caller))
        try:
            # Who is calling is settled: a modifier cannot change it, and has no need of the secret.
            understood = modified_request(modifiers.request_from, _without_credentials(request))
            answer = self._response(understood, await self._handle(understood, caller))
            return modified_answer(modifiers.answer_to, understood, in_one_piece(answer))
        except ModifierFailed as error:
            return self._response(request, _failure(error))

    def opens(self, route: Route) -> bool:
        """Whether a route is answered without a token."""
        row = route.endpoint
        side = (row.module, row.interface)
        return side in self.open_sides and row.operation in OPEN[side]

    def is_open(self, request: Request) -> bool:
        """Whether a request is answered although it shows no credentials.

        It reads, names no party that it speaks for, and asks for no extension that is kept for partners.
        """
        if not self.open_sides or request.method not in _READING or not _SHOWN.isdisjoint(request.headers):
            return False
        try:
            route = self.router.find("GET", request.path).route
        except OCPIError:
            return False
        if not self.opens(route) or (route.is_routed and not _SPEAKS_FOR.isdisjoint(request.headers)):
            return False
        return (route.offers & request.query.keys()) <= open_data.WISHES

    def _caller(self, request: Request) -> Caller:
        if AUTHORIZATION not in request.headers and self.is_open(request):
            open_data.check_patience(self, request)
            return ANONYMOUS
        return self.identity.identify(request)

    async def _handle(self, request: Request, caller: Caller) -> Answer:
        try:
            return await self._answer(request, caller)
        except OCPIError as error:
            if isinstance(error, NotAllowed):
                self.identity.violation(request, caller, error)
            return _failure(error)
        except Exception:
            # The edge of the server: a defect of ours must not reach the partner as anything but 3000.
            log.exception("request.failed", method=request.method, path=request.path)
            return _failure(_defect())

    def _response(self, request: Request, answer: Answer) -> Response:
        headers = {**_JSON_HEADERS, **answer.headers, **answer_headers(request.headers)}
        if not answer.body and not answer.pieces:
            del headers["content-type"]
        return Response(status=answer.status, headers=headers, body=answer.body, pieces=answer.pieces)

    async def _answer(self, request: Request, caller: Caller) -> Answer:
        if self.settings.hub is not None and caller is not ANONYMOUS:
            self.heard[caller.partner] = time.time()
        methods = self.router.methods(request.path) if request.method == "OPTIONS" else []
        found = self.router.find(methods[0] if methods else request.method, request.path)
        route = found.route
        if caller.is_registering and not route.is_open:
            # TRN-06: an invitation opens versions and credentials, nothing else.
            raise self.identity.unauthenticated("this credentials token is for registration only")
        if methods:
            # An extension: what this path can be asked.
            return Answer(b"", HTTPStatus.NO_CONTENT, {"allow": ", ".join([*methods, "OPTIONS"])})
        call = Call(self, found, request, caller)
        admit(call, self.identity.certificates)
        if not route.is_open:
            _check_query(call)
        row = route.endpoint
        behaviours = BEHAVIOURS if caller is not ANONYMOUS else OPEN[row.module, row.interface]
        return await behaviours[row.operation](call)

    def _serves(self, version: Version, row: Endpoint) -> bool:
        if row.operation not in BEHAVIOURS or (row.extension and row.extension_name not in self.settings.extensions):
            return False
        return row.interface is Interface.BOTH or (row.module, row.interface) in self._served[version.number]

    def _sides(self, version: Version) -> frozenset[tuple[str, Interface]]:
        """What one of our roles implements, of the modules switched on, and has behaviour for."""
        return frozenset(
            (row.module, row.interface)
            for row in version.endpoints
            if row.module in self.settings.modules
            and row.operation in BEHAVIOURS
            and not row.extension
            and row.interface is not Interface.BOTH
            and self.settings.plays(version.modules[row.module], row.interface)
        )


def _check_query(call: Call) -> None:
    """Refuse a request without a parameter that its row requires, as `date_from` for sessions (SES-05).

    Raises:
        InvalidParameters
    """
    for name in call.route.required:
        if not call.request.query.get(name):
            raise InvalidParameters(f"{name}: required, but missing", path=name)


def _without_credentials(request: Request) -> Request:
    """The request without what lets its caller in: token, password, and the material that a password is bound to."""
    kept = {name: value for name, value in request.headers.items() if name not in (AUTHORIZATION, TOTP)}
    return replace(request, headers=kept, channel=None)


def _failure(error: OCPIError) -> Answer:
    return Answer(envelope.failure(error.ocpi_status, str(error)), error.http_status, error.headers)


def _defect() -> OCPIError:
    return OCPIError("internal error", http_status=HTTPStatus.INTERNAL_SERVER_ERROR)
