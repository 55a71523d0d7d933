# SPDX-License-Identifier: AGPL-3.0-or-later
"""A key and its certificate in one go, for whoever keeps both on the machine of the authority."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.files import write_new
from wwcp_ocpi.security.pki import requests
from wwcp_ocpi.security.pki.folder import SIGNERS, Folder, pem_of
from wwcp_ocpi.security.pki.issuing import Policy, issue
from wwcp_ocpi.security.pki.keys import KeyType, new_key, private_pem
from wwcp_ocpi.security.pki.requests import Wish


class Leaf(NamedTuple):
    """A certificate with the files of its key, and of itself with its authority."""

    certificate: x509.Certificate
    key: Path
    chain: Path


def make_leaf(
    pki: Folder, wish: Wish, policy: Policy, kind: KeyType, at: datetime, passphrase: Secret | None = None
) -> Leaf:
    """Make a key and a certificate for it, in `leaves/NAME` of the folder.

    Args:
        passphrase: of the authority's key, where it has one.

    Raises:
        UsageError: there is a key of this name already, or the wish goes beyond the policy.
        OSError: the folder cannot be used.
    """
    key, place = new_key(kind), pki.leaf(wish.name)
    signer = pki.authority(SIGNERS[policy.purpose], passphrase)
    asked = requests.read(requests.write(wish, key, pki.arc).public_bytes(Encoding.PEM), pki.arc)
    made = issue(asked, policy, signer, pki.arc, at)
    place.mkdir(parents=True, exist_ok=True)
    leaf = Leaf(made, place / "key.pem", place / "chain.pem")
    try:
        write_new(leaf.key, private_pem(key), 0o600)
    except FileExistsError as error:
        raise UsageError(f"{place}: there is a key already; give the new one another name") from error
    write_new(place / "certificate.pem", pem_of(made))
    write_new(leaf.chain, pki.chain(made, policy.purpose))
    pki.record(made, SIGNERS[policy.purpose])
    return leaf
