# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of attacks. A test names the one that it makes: `@attack("stolen-token")`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

attack = pytest.mark.attack

ATTACKS: Mapping[str, str] = {
    # Who is calling
    "stolen-token": "The credentials token alone, from a log or a configuration file.",
    "captured-later": "A token and a captured one-time password, shown again later.",
    "captured-at-once": "A token and a captured one-time password, shown again at once.",
    "captured-elsewhere": "A token and a captured one-time password, shown on another connection.",
    "bound-to-raw": "A raw password where one that is bound to the connection is agreed, or one that says it is bound.",
    "older-tls": "A connection of TLS 1.2, which has nothing to bind a password to.",
    "other-hash": "A password made with another hash.",
    "other-length": "A password of another length.",
    "other-alphabet": "A password in another alphabet.",
    "clock": "A password of another time: one slot away is accepted, two are not.",
    "wrong-certificate": "Token and password of a partner, with the good certificate of somebody else.",
    "wrong-token": "The right certificate, with the token of another partner.",
    "staging-certificate": "A certificate of the staging environment, of the same authority.",
    "revoked-certificate": "A certificate that was revoked, on a new connection and on one that is open.",
    "expired-certificate": "A certificate whose time is over.",
    "self-signed": "A certificate that nobody issued, where one of an authority is required.",
    # What is whose
    "tenant-path": "Another partner's objects, named in the path.",
    "tenant-body": "An object that says of itself that it is another partner's.",
    "tenant-header": "Another partner's name in OCPI-from-*.",
    "tenant-filter": "Another partner's objects in lists, by filters and guessed ids.",
    "tenant-role": "The interface of the other role.",
    # What is open to everybody
    "open-unpublished": "What is not to be shown to the public, by its id, its parts, or odd spellings of both.",
    "open-counts": "How much there is that is not public: by counts, links, offsets and dates.",
    "open-private": "What is no open data, where some data are open.",
    "open-write": "A change without a token, where some data are open.",
    "open-downgrade": "Wrong credentials, to be taken for none.",
    "open-tenant": "What is for one partner, by that partner's name in OCPI-from-* and the addressee in OCPI-to-*.",
    "open-flood": "Reads without a token, as fast as they are answered.",
    # What we call for others
    "response-url": "A response_url of a command that leads to loopback, link-local or an IPv4 address in IPv6.",
    "versions-url": "A versions URL in a registration that leads there.",
    "rebinding": "A name whose address changes between the check and the connection.",
    "redirect": "A redirect, or a link to a next page, that leads elsewhere with the token.",
    "odd-scheme": "A URL that is no HTTP.",
    # What one caller costs
    "large-body": "A body of 100 MB, announced.",
    "large-chunked-body": "A body of 100 MB that is not announced.",
    "packed-body": "A small body that unpacks to a large one, in a request and in an answer.",
    "deep-json": "JSON that is nested 10,000 deep.",
    "many-headers": "10,000 headers.",
    "huge-header": "One huge header.",
    "endless-trailers": "No end of trailers or chunk extensions beside a small body.",
    "smuggled-trailer": "A header that comes behind the body, past a proxy that looks at the head.",
    "many-connections": "All the connections there are, from one address.",
    "slow-head": "A head that comes a byte at a time.",
    "slow-body": "A body that comes a byte at a time.",
    "slow-reader": "A large answer that is asked for and not read.",
    "slow-handshake": "A TLS handshake that never ends.",
    # What is done to others
    "lock-out": "Refusals until a partner is not listened to any more.",
    "log-injection": "Line ends, escape codes and forged fields in headers, paths, ids and names that are logged.",
}
"""What an attacker shows or does, by name."""
