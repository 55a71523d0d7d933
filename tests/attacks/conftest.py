# SPDX-License-Identifier: AGPL-3.0-or-later
"""The attacks that this gateway must withstand, each shown first where it works and then where it does not.

Every test here names its attack (`@attack("stolen-token")`) and has two halves. The first makes the attack succeed
against a setting that is too weak, so that nobody can doubt that the test attacks anything. The second makes the very
same attack against the setting that protects. All of it goes over real HTTP or TLS on loopback.

`listed.py` has the list of attacks, each in a sentence; `test_listed.py` holds it complete: no attack without a test,
no test without an attack. Where to look:

| file | what the attacker has or does |
|---|---|
| `test_stolen_token.py` | a token; a token with a captured password; the whole request |
| `test_downgrade.py` | a weaker way to make a password: not bound, another format, another time, an older TLS |
| `test_certificates.py` | a certificate that is another's, of elsewhere, revoked, expired, its own |
| `test_other_tenants.py` | the rights of a partner, and an appetite for another partner's objects |
| `test_anonymous.py` | no token, where some data are open to everybody |
| `test_urls.py` | a URL that we call for it |
| `test_floods.py` | a large body, a deep one, many headers, many connections |
| `test_slowly.py` | patience |
| `test_lockout.py` | somebody else's login or address |
| `test_log_injection.py` | control characters |

What is tried at a lower level with more variations is in tests/server/test_identity.py, test_certificates.py (the
same decisions in memory), tests/security (passwords, outbound policy, PKI, audit log) and tests/net (HTTP and TLS).
`wired.py` puts a network between those settings and the attacker.
"""

from tests.cli.running import cli

__all__ = ["cli"]
