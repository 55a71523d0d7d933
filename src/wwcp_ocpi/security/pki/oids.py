# SPDX-License-Identifier: AGPL-3.0-or-later
"""The object identifiers of what OCPI adds to X.509, all of them under one arc.

The arc below is the placeholder that the first drafts of certificates for OCPI use; it is registered to nobody and
will change. Both sides of a relation need the same one, so it is a setting.
"""

from __future__ import annotations

import re

import msgspec
from cryptography.x509 import ObjectIdentifier

from wwcp_ocpi.protocol.errors import UsageError

DEFAULT_ARC = "1.2.3.4.5.6.7"
_ARC = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,8})){1,20}")


class Arc(msgspec.Struct, frozen=True):
    """The identifiers under one arc. Made by `arc`, which refuses what is no arc."""

    base: str = DEFAULT_ARC

    @property
    def key_group(self) -> ObjectIdentifier:
        """A text: keys of one group replace each other, other groups live beside it."""
        return self._under("6.1")

    @property
    def not_before(self) -> ObjectIdentifier:
        """A time: from when the applicant would like the certificate to be valid."""
        return self._under("7.1")

    @property
    def not_after(self) -> ObjectIdentifier:
        """A time: until when."""
        return self._under("7.2")

    @property
    def party_ids(self) -> ObjectIdentifier:
        """Texts like `DEGEF`: parties, whatever their role."""
        return self._under("8.1")

    @property
    def cpo_ids(self) -> ObjectIdentifier:
        """Texts like `DE*GEF`: parties that are CPO."""
        return self._under("8.2")

    @property
    def emsp_ids(self) -> ObjectIdentifier:
        """Texts like `DE-GDF`: parties that are EMSP."""
        return self._under("8.3")

    def permission(self, module: int, direction: int) -> ObjectIdentifier:
        """The extended key usage of one permission."""
        return self._under(f"9.{module}.{direction}")

    def _under(self, rest: str) -> ObjectIdentifier:
        return ObjectIdentifier(f"{self.base}.{rest}")


def arc(base: str) -> Arc:
    """The identifiers under this arc.

    Raises:
        UsageError: the text is no arc.
    """
    try:
        if _ARC.fullmatch(base):
            ObjectIdentifier(f"{base}.9.1.1")
            return Arc(base)
    except ValueError:
        pass
    raise UsageError(f"expected an arc like {DEFAULT_ARC}, got {base[:64]!r}")
