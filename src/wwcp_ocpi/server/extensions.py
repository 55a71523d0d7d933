# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the server offers beyond the specification, by names under which each is switched on and off.

Rows of the tables that are extensions go by their switch, or the name of their operation. The others are query
parameters, added to rows of the specification, and the status codes for objects that are not here.
docs/extensions.md tells of all.
"""

from __future__ import annotations

from typing import NamedTuple

from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation, Parameter
from wwcp_ocpi.registry import VERSIONS

MATCH = "match"
WITH_EXTENSIONS = "with_extensions"
TIMESTAMP = "timestamp"
TOLERANCE = "tolerance"
STATUS_CODES = "status_codes"

LONGEST_MATCH = 100
"""Characters of a text that is looked for."""

_LISTS = frozenset({Operation.LIST, Operation.LIST_OF_PARTY})
_WHOLE = frozenset({Operation.GET, Operation.GET_BY_URL})
_SIDES = frozenset({Interface.SENDER, Interface.RECEIVER})


class Added(NamedTuple):
    """Query parameters that an extension adds, and to which rows. No kinds: to those of all objects that are kept."""

    parameters: tuple[Parameter, ...]
    operations: frozenset[Operation]
    interfaces: frozenset[Interface] = _SIDES
    kinds: frozenset[str] = frozenset()


PARAMETERS = {
    MATCH: Added((Parameter(MATCH, "match"),), _LISTS),
    WITH_EXTENSIONS: Added((Parameter(WITH_EXTENSIONS, "bool"),), _LISTS | _WHOLE),
    TIMESTAMP: Added(
        (Parameter(TIMESTAMP, "DateTime"), Parameter(TOLERANCE, "int")),
        frozenset({Operation.LIST, Operation.GET}),
        frozenset({Interface.SENDER}),
        frozenset({"tariffs"}),
    ),
}
"""By the name of the extension. Who does not ask notices nothing."""

_ROWS = [row for known in VERSIONS.values() for row in known.endpoints if row.extension]

ROWS = frozenset(row.extension_name for row in _ROWS)
"""The extensions that are operations."""

SWITCHED = frozenset(row.switch for row in _ROWS if row.switch)
"""Those of them that a partner must know to make sense of them."""

EXTENSIONS = frozenset([*ROWS, *PARAMETERS, STATUS_CODES])
"""All there are."""

DEFAULT = EXTENSIONS - SWITCHED - {STATUS_CODES}
"""Those that a strict partner does not notice."""


def added_to(row: Endpoint, kind: str, enabled: frozenset[str]) -> tuple[Parameter, ...]:
    """The query parameters that a row has beside its own. `kind` is that of the objects that it answers with."""
    return tuple(
        parameter
        for name, added in PARAMETERS.items()
        if name in enabled and row.operation in added.operations and row.interface in added.interfaces
        if not added.kinds or kind in added.kinds
        for parameter in added.parameters
    )
