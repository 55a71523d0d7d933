# SPDX-License-Identifier: AGPL-3.0-or-later
"""One row an operation: what a version can be asked, as data.

Routing, version details, the client's calls and the documentation are all read from these rows. Adding an
operation to a version means adding a row; adding behaviour means naming an Operation and writing it once.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cached_property
from typing import Any

import msgspec

from wwcp_ocpi.protocol.lifecycle import Lifecycle
from wwcp_ocpi.protocol.shape import StructType, field_names

_HUB = frozenset({"HUB"})
_PARAM = re.compile(r"\{(\w+)\}")


class Interface(Enum):
    """Which side of a module: SENDER owns the objects, RECEIVER is told of them. BOTH: there are no sides."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"
    BOTH = "BOTH"

    @property
    def other(self) -> Interface:
        """The side that calls this one."""
        return {Interface.SENDER: Interface.RECEIVER, Interface.RECEIVER: Interface.SENDER}.get(self, self)


class Operation(Enum):
    """A behaviour that is written once. The value is its name and its HTTP method."""

    VERSIONS = ("versions", "GET")
    VERSION_DETAILS = ("version_details", "GET")
    GET_CREDENTIALS = ("get_credentials", "GET")
    REGISTER = ("register", "POST")
    UPDATE_CREDENTIALS = ("update_credentials", "PUT")
    UNREGISTER = ("unregister", "DELETE")
    LIST = ("list", "GET")
    GET = ("get", "GET")
    PUT = ("put", "PUT")
    PATCH = ("patch", "PATCH")
    POST = ("post", "POST")
    DELETE = ("delete", "DELETE")
    LIST_OF_PARTY = ("list_of_party", "GET")
    DELETE_OF_PARTY = ("delete_of_party", "DELETE")
    AUTHORIZE = ("authorize", "POST")
    COMMAND = ("command", "POST")
    RESULT = ("result", "POST")
    GET_BY_URL = ("get_by_url", "GET")
    SET_PREFERENCES = ("set_preferences", "PUT")
    GET_PROFILE = ("get_profile", "GET")
    SET_PROFILE = ("set_profile", "PUT")
    CLEAR_PROFILE = ("clear_profile", "DELETE")
    UPDATE_PROFILE = ("update_profile", "PUT")
    POST_STATUS = ("post_status", "POST")
    REQUEST_BOOKING = ("request_booking", "POST")
    ACTIVATE = ("activate", "POST")
    DEACTIVATE = ("deactivate", "POST")

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.value[1]


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter of an endpoint. `least` is the least that an `int` may be."""

    name: str
    type: str = "string"
    required: bool = False
    default: str | None = None
    least: int = 0


PAGE = (
    Parameter("date_from", "DateTime"),
    Parameter("date_to", "DateTime"),
    Parameter("offset", "int"),
    Parameter("limit", "int"),
)
"""What every list may be asked (TRN-12)."""

PAGE_FROM = (Parameter("date_from", "DateTime", required=True), *PAGE[1:])
"""The same for sessions, the one list that wants to know since when (SES-05)."""


class Endpoint(msgspec.Struct, frozen=True, dict=True):
    """One operation of one version.

    `path` is what follows the module's URL of that interface: names in braces, no slash at either end.
    `request` is the body's object, `response` that of `data`; PATCH bodies are the patch form of `request`.
    Several types stand for a body whose kind the receiver finds out. A row without a type has no such body.
    `result` is what is posted later, where the module has several kinds of results.
    `spec` is the chapter and anchor. `extension` marks what the specification does not have; with a `switch` it is
    there only where that name is switched on. An `undated` row takes a body without last_updated; the moment of arrival
    counts then (defect 37 in docs/spec-defects.md).
    """

    module: str
    interface: Interface
    operation: Operation
    path: str = ""
    request: Any = None
    response: Any = None
    spec: str = ""
    query: tuple[Parameter, ...] = ()
    extension: bool = False
    result: Any = None
    undated: bool = False
    switch: str = ""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.operation.method

    @cached_property
    def params(self) -> tuple[str, ...]:
        """The names in the path, in order."""
        return tuple(_PARAM.findall(self.path))

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path as segments; a name stands as `{name}`."""
        return tuple(self.path.split("/")) if self.path else ()

    @property
    def object(self) -> StructType | None:
        """The object that this row is about, whichever way it travels."""
        found = self.request or self.response
        return found if isinstance(found, type) and issubclass(found, msgspec.Struct) else None

    @property
    def is_amendment(self) -> bool:
        """Whether a partner changes what is not its own: at the sender a PUT, too, changes only what it names."""
        return self.interface is Interface.SENDER and self.operation in (Operation.PUT, Operation.PATCH)

    @property
    def is_partial(self) -> bool:
        """Whether the body names some fields of its object, so that none is required."""
        return self.operation in (Operation.PATCH, Operation.ACTIVATE) or self.is_amendment

    @property
    def extension_name(self) -> str:
        """The name by which an extension is switched on and off: its own, or that of its operation."""
        return self.switch or self.operation.value[0]

    @property
    def names_party(self) -> bool:
        """Whether the path begins with a party: the owner of the object, or the object itself (ClientInfo)."""
        return self.params[:2] == ("country_code", "party_id")

    @property
    def is_owned(self) -> bool:
        """Whether the path names the owner of a client-owned object (TRN-25).

        A path that ends with a party names that party itself (ClientInfo), unless all its objects are meant.
        """
        return self.names_party and (len(self.params) > 2 or self.extension)


class Part(msgspec.Struct, frozen=True):
    """A list inside an object whose entries have addresses of their own: the EVSEs of a Location."""

    field: str
    type: StructType
    id_field: str


class Resource(msgspec.Struct, frozen=True, dict=True):
    """How one kind of object of a module is kept and addressed.

    `id_field` is empty where the party alone names the object (ClientInfo). `under` is the fixed segment that
    stands before the ids in a module with several kinds of objects (`terminals`).
    """

    type: StructType
    id_field: str = "id"
    parts: tuple[Part, ...] = ()
    under: str = ""
    qualifier: str = ""
    """The field that names an object together with its id, and the query parameter of that name: a Token's type."""
    pulled_only: frozenset[str] = frozenset()
    """Words of the qualifier whose objects are in lists but are not pushed: Tokens of type EMAID (TOK-19)."""
    named_elsewhere: tuple[str | None, ...] = ()
    """What qualifies such an object where another version stored it; None: nothing."""
    appended: tuple[str, ...] = ()
    """Lists to which a PATCH adds, where it replaces all others (SES-17)."""
    is_private: bool = False
    """Whether an object concerns one partner alone, so that no other may see it: Sessions and CDRs."""
    concerns: tuple[str, ...] = ("cdr_token",)
    """The way to the part of a private object that names the party it concerns; of a list the first entry counts."""
    contract: str = ""
    """The field with the driver's contract id: of a Token, and of what names its driver by nothing else."""
    lifecycle: Lifecycle | None = None
    """The states of the object, where the specification says which may follow which."""

    may_be_private: bool = False
    """Whether one partner alone may be shown it, where its owner says so: Tariffs made for one eMSP."""
    party_is_audience: bool = False
    """Whether country_code and party_id in the object name whom it is for, not whose it is: a Terminal's CPO."""
    is_posted_again: bool = False
    """Whether a POST replaces what is there already, as there is no PUT: Terminals. A CDR is final."""
    is_lasting: bool = False
    """Whether its owner never takes it back: a Location is removed by its status (LOC-01), a Token by `valid`."""
    is_final: bool = False
    """Whether its owner never changes an object that was sent: CDRs (CDR-01)."""
    ends: tuple[str, str] | None = None
    """The field and its word after which its owner changes the object no more: a completed Session (SES-25)."""

    @cached_property
    def names_owner(self) -> bool:
        """Whether the object itself says whose it is."""
        return {"country_code", "party_id"} <= field_names(self.type) and not self.party_is_audience

    @property
    def is_party(self) -> bool:
        """Whether a party alone names the object: ClientInfo. Its owner is the party that it is about."""
        return not self.id_field

    @cached_property
    def name(self) -> str:
        """The object's name in the specification."""
        return self.type.__name__


class Module(msgspec.Struct, frozen=True, dict=True):
    """One chapter of the specification: who implements its two sides, and the objects it is about.

    Roles are the wire words. `is_functional` modules are routed with OCPI-to and OCPI-from (TRN-34, TRN-36).
    """

    identifier: str
    senders: frozenset[str] = frozenset()
    receivers: frozenset[str] = frozenset()
    resources: tuple[Resource, ...] = ()
    is_functional: bool = True
    also_called: frozenset[str] = frozenset()
    """Other identifiers by which partners list this module, in lower case."""

    def is_called(self, identifier: str) -> bool:
        """Whether a partner that lists this identifier means this module; in any case, for partners differ there."""
        name = identifier.lower()
        return name == self.identifier or name in self.also_called

    @property
    def resource(self) -> Resource | None:
        """The objects that the module is named after; None where nothing is kept (commands)."""
        return self.resources[0] if self.resources else None

    def resource_of(self, row: Endpoint) -> Resource | None:
        """The objects that a row of this module is about."""
        here = [resource for resource in self.resources if resource.under in row.segments]
        return here[0] if here else next((found for found in self.resources if not found.under), None)

    def kind(self, resource: Resource) -> str:
        """The name of these objects wherever all kinds of objects meet: `locations`, `payments/terminals`."""
        return f"{self.identifier}/{resource.under}" if resource.under else self.identifier

    def callers(self, interface: Interface) -> frozenset[str]:
        """The roles that are the other side of an interface of this module. A hub may speak for each of them."""
        return self.roles(interface.other) | _HUB if self.is_functional else self.roles(interface.other)

    def roles(self, interface: Interface) -> frozenset[str]:
        """The roles that implement an interface of this module; for BOTH those of either side."""
        if interface is Interface.BOTH:
            return self.senders | self.receivers
        return self.senders if interface is Interface.SENDER else self.receivers
