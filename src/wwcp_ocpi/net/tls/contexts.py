# SPDX-License-Identifier: AGPL-3.0-or-later
"""OpenSSL's side of the settings: which versions and suites, whose certificates, which name.

Sessions are never resumed. A resumed one shows no certificate chain and is not checked against a revocation list that
came meanwhile, and a connection here carries many requests anyway.
"""

from __future__ import annotations

import ssl
import warnings
from ipaddress import ip_address
from typing import Any, NamedTuple

from OpenSSL import SSL, crypto

from wwcp_ocpi.net.tls.files import Expiry, check_key, name_of, read_certificates, read_crls, read_ocsp, read_pem
from wwcp_ocpi.net.tls.settings import ClientTLS, ServerTLS, Source
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.pki.checking import Trust

_TLS_1_2_SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": 0xC02B,
    "ECDHE-ECDSA-AES256-GCM-SHA384": 0xC02C,
    "ECDHE-RSA-AES128-GCM-SHA256": 0xC02F,
    "ECDHE-RSA-AES256-GCM-SHA384": 0xC030,
    "ECDHE-RSA-CHACHA20-POLY1305": 0xCCA8,
    "ECDHE-ECDSA-CHACHA20-POLY1305": 0xCCA9,
}
"""Those with forward secrecy and authenticated encryption; others are not offered."""
SUITES = {
    "TLS_AES_128_GCM_SHA256": 0x1301,
    "TLS_AES_256_GCM_SHA384": 0x1302,
    "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
    **_TLS_1_2_SUITES,
}
"""Numbers of the cipher suites, as IANA registered them."""

_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_CLIENT_CERTIFICATES = {
    "none": SSL.VERIFY_NONE,
    "optional": SSL.VERIFY_PEER,
    "required": SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}
_ALPN = b"http/1.1"
_ENABLE_PARTIAL_WRITE = 0x1
_NO_PARTIAL_WILDCARDS = 0x4
_PROBLEMS = {
    number: name.removeprefix("ERR_").replace("_", " ").lower()
    for name, number in vars(SSL.X509VerificationCodes).items()
    if name.startswith("ERR_")
}


class Made(NamedTuple):
    """A context, when what it is made of expires, and what is asked of a verified chain that OpenSSL does not ask."""

    context: SSL.Context
    expiries: tuple[Expiry, ...]
    statuses: Trust | None = None


def server_context(tls: ServerTLS) -> Made:
    """The context of a server.

    Raises:
        UsageError: a file cannot be used, or certificate and key do not fit.
    """
    context = _context(tls.least)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_CIPHER_SERVER_PREFERENCE)
    context.set_session_id(b"wwcp-ocpi")
    context.set_alpn_select_callback(_chosen)
    expiries = _use_certificate(context, tls.certificate, tls.key)
    statuses: Trust | None = None
    if tls.client_certificates != "none":
        if tls.client_ca is None:
            raise UsageError("client_ca: expected a file with the authorities of client certificates")
        expiries += _trust(context, tls.client_ca)
        for authority in read_certificates(tls.client_ca)[0]:
            context.add_client_ca(authority)
        if tls.crl is not None:
            expiries += _check_revocation(context, tls.crl)
        if tls.ocsp is not None:
            responses, ends = read_ocsp(tls.ocsp)
            expiries += ends
            lists = tuple(read_crls(tls.crl)[0]) if tls.crl is not None else ()
            statuses = Trust(ocsp=responses, needs_ocsp=True, revocations=lists)
        context.set_verify(_CLIENT_CERTIFICATES[tls.client_certificates], _remember_problem)
    return Made(context, expiries, statuses)


def client_context(tls: ClientTLS) -> Made:
    """The context of a client.

    Raises:
        UsageError: a file cannot be used, or certificate and key do not fit.
    """
    context = _context(tls.least)
    context.set_alpn_protos([_ALPN])
    expiries: tuple[Expiry, ...] = ()
    if tls.is_pinned_only:
        context.set_verify(SSL.VERIFY_NONE)  # the key is compared once the handshake has proved it
    else:
        if tls.authorities is None:
            _trust_the_machines(context)
        else:
            expiries = _trust(context, tls.authorities)
        context.set_verify(SSL.VERIFY_PEER, _remember_problem)
    if tls.certificate is not None:
        expiries += _use_certificate(context, tls.certificate, tls.key)
    return Made(context, expiries)


def client_connection(context: SSL.Context, host: str, *, is_name_checked: bool) -> SSL.Connection:
    """A connection that accepts the certificate of this host only, a name in ASCII or an IP address.

    Raises:
        UsageError: OpenSSL does not take the name.
    """
    connection = SSL.Connection(context, None)
    connection.set_connect_state()
    try:
        address = ip_address(host)
    except ValueError:
        address = None
        connection.set_tlsext_host_name(host.encode())
    if not is_name_checked:
        return connection
    # pyOpenSSL has no public way to the check that OpenSSL itself offers; CPython's ssl uses the same calls.
    lib: Any = SSL._lib  # type: ignore[attr-defined]
    parameters = lib.SSL_get0_param(connection._ssl)
    if address is None:
        name = host.encode()
        lib.X509_VERIFY_PARAM_set_hostflags(parameters, _NO_PARTIAL_WILDCARDS)
        is_set = lib.X509_VERIFY_PARAM_set1_host(parameters, name, len(name))
    else:
        is_set = lib.X509_VERIFY_PARAM_set1_ip(parameters, address.packed, len(address.packed))
    if is_set != 1:
        raise UsageError(f"{host[:120]!r}: expected a host name or an IP address")
    return connection


def server_connection(context: SSL.Context) -> SSL.Connection:
    """A connection that waits for its client to begin."""
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    return connection


def problem_of(error: SSL.Error, connection: SSL.Connection) -> str:
    """What went wrong, for people: what the certificate lacked, or OpenSSL's own words."""
    lacked = connection.get_app_data()
    if lacked is not None:
        return f"certificate: {_PROBLEMS.get(lacked, f'OpenSSL error {lacked}')}"
    entries = error.args[0] if error.args else ()
    if isinstance(entries, list):
        return "; ".join(entry[-1] for entry in entries) or type(error).__name__
    return str(error.args[-1]) if error.args else type(error).__name__


def _context(least: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(_VERSIONS[least])
    context.set_cipher_list(":".join(_TLS_1_2_SUITES).encode())
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.clear_mode(_ENABLE_PARTIAL_WRITE)  # pyOpenSSL's default: of a large body, only a record would be written
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return context


def _use_certificate(context: SSL.Context, certificate: Source, key: Source | None) -> tuple[Expiry, ...]:
    chain, expiries = read_certificates(certificate)
    key = key or certificate
    check_key(key)
    try:
        context.use_certificate(chain[0])
        for authority in chain[1:]:
            context.add_extra_chain_cert(authority)
        _use_key(context, key)
        context.check_privatekey()
    except (SSL.Error, crypto.Error) as error:
        raise UsageError(
            f"{name_of(key)}: expected the private key of the certificate in {name_of(certificate)}"
        ) from error
    return expiries


def _use_key(context: SSL.Context, key: Source) -> None:
    """Have OpenSSL read the key: it takes kinds that pyOpenSSL itself does not know, as ML-DSA."""
    if isinstance(key, str):
        context.use_privatekey_file(key)
        return
    made = crypto.load_privatekey(crypto.FILETYPE_PEM, read_pem(key))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what it would have instead are the kinds that it knows
        context.use_privatekey(made)


def _trust(context: SSL.Context, path: Source) -> tuple[Expiry, ...]:
    authorities, expiries = read_certificates(path, "authority")
    store = _store(context)
    # An intermediate, or a self-signed certificate, may be trusted without the root above it.
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for authority in authorities:
        store.add_cert(crypto.X509.from_cryptography(authority))
    return expiries


def _trust_the_machines(context: SSL.Context) -> None:
    """The authorities that Python's ssl trusts: SSL_CERT_FILE and SSL_CERT_DIR count, and Windows has its own store."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        context.load_verify_locations(paths.cafile, paths.capath)
        return
    context.set_default_verify_paths()
    store = _store(context)
    for der in ssl.create_default_context().get_ca_certs(binary_form=True):
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der))


def _check_revocation(context: SSL.Context, path: str) -> tuple[Expiry, ...]:
    lists, expiries = read_crls(path)
    store = _store(context)
    for one in lists:
        store.add_crl(one)
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)
    return expiries


def _store(context: SSL.Context) -> crypto.X509Store:
    store = context.get_cert_store()
    if store is None:
        raise UsageError("OpenSSL has no store for certificates")
    return store


def _chosen(connection: SSL.Connection, offered: list[bytes]) -> Any:
    return _ALPN if _ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def _remember_problem(connection: SSL.Connection, certificate: crypto.X509, problem: int, depth: int, ok: int) -> bool:
    if not ok:
        connection.set_app_data(problem)
    return bool(ok)
