# SPDX-License-Identifier: AGPL-3.0-or-later
"""The configuration file, the environment over it, and every mistake in either."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from wwcp_ocpi.gateway.config import (
    Config,
    LogSection,
    NodeSection,
    PartySection,
    ServerSection,
    StoreSection,
    describe,
    effective,
    load,
    read_secret,
)
from wwcp_ocpi.gateway.opening import settings_of
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.server.extensions import EXTENSIONS

NOTHING: dict[str, str] = {}


def written(folder: Path, text: str) -> Path:
    path = folder / "wwcp-ocpi.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, environ: dict[str, str] = NOTHING) -> str:
    path = written(folder, text)
    with pytest.raises(UsageError) as error:
        load(path, environ)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value).removeprefix(f"{path}: ")


def test_without_a_file_everything_has_its_default() -> None:
    assert load(None, NOTHING) == Config()


def test_the_defaults_are_the_careful_ones() -> None:
    """Nobody is let in without a token or called without TLS, and one caller cannot have everything."""
    config = Config()
    assert config.server.host == "127.0.0.1"
    assert not any((config.server.open_versions, config.server.open_locations, config.server.open_tariffs))
    assert not any((config.server.cors, config.server.trusted_proxies))
    assert not any((config.outbound.allow_http, config.outbound.allow_private, config.outbound.networks))
    assert 0 not in msgspec.structs.astuple(config.limits)
    assert config.limits.connections_per_address < config.limits.connections


def test_a_file_says_what_differs_from_the_defaults(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [server]
        port = 8080
        versions = ["2.2.1"]
        [limits]
        call_s = 5
        [log]
        level = "debug"
        [[party]]
        id = "de-gef"
        role = "cpo"
        name = "Gesellschaft für E-Mobilität"
        website = "https://gef.example"
        [[party]]
        id = "NL*EMP"
        role = "EMSP"
        """,
    )
    config = load(path, NOTHING)
    assert (config.server, config.limits.call_s) == (ServerSection(port=8080, versions=("2.2.1",)), 5.0)
    assert config.own_parties() == (
        OwnParty(
            id=PartyId("DE", "GEF"),
            role="CPO",
            name="Gesellschaft für E-Mobilität",
            website="https://gef.example",
        ),
        OwnParty(id=PartyId("NL", "EMP"), role="EMSP", name="NL*EMP", website=None),
    )


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[server]\nport = 1\nhost = "0.0.0.0"\n')
    environ = {
        "WWCP_OCPI_SERVER_PORT": "8080",
        "WWCP_OCPI_SERVER_VERSIONS": "2.1.1, 2.3.0,",
        "WWCP_OCPI_STORE_FOLDER": "/data",
        "WWCP_OCPI_OUTBOUND_ALLOW_HTTP": "True",
        "WWCP_OCPI_OUTBOUND_ALLOW_PRIVATE": "false",
        "WWCP_OCPI_OUTBOUND_PORTS": "81, 5432",
        "WWCP_OCPI_LIMITS_CALL_S": "2.5",
        "WWCP_OCPI_LOG_JSON": "true",
        "WWCP_OCPI_SERVICE_HOST": "10.0.0.1",
        "OTHER": "x",
    }
    config = load(path, environ)
    assert config.server == ServerSection(host="0.0.0.0", port=8080, versions=("2.1.1", "2.3.0"))
    assert (config.store, config.log) == (StoreSection(folder="/data"), LogSection(json=True))
    assert (config.outbound.allow_http, config.outbound.allow_private, config.limits.call_s) == (True, False, 2.5)
    assert config.outbound.ports == (81, 5432)


def test_the_environment_of_this_process_counts_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WWCP_OCPI_SERVER_PORT", "4711")
    assert load(None).server.port == 4711


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[servr]\nport = 1", "servr: no such section; did you mean server?"),
        (
            "[zzz]",
            "zzz: no such section; there are server, store, limits, outbound, pull, convert, pki, audit, operator, "
            "hub, wwcp, log, party, node",
        ),
        ("port = 1", "port: no such section; did you mean party?"),
        ("[server]\nprot = 1", "server.prot: no such key; did you mean port?"),
        ("[log]\nzzz = 1", "log.zzz: no such key; there are level, json"),
        ('[[party]]\nid = "DE*GEF"\nroles = "CPO"', "party.roles: no such key; did you mean role?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_name(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server]\nport = "80"', "Expected `int`, got `str` - at `$.server.port`"),
        ("[server]\nport = 65536", "Expected `int` <= 65535 - at `$.server.port`"),
        ("[server]\nport = -1", "Expected `int` >= 0 - at `$.server.port`"),
        ("[server]\nversions = [2]", "Expected `str`, got `int` - at `$.server.versions[0]`"),
        ('[log]\nlevel = "loud"', "Expected `str` matching regex"),
        ("server = 5", "Expected `object`, got `int` - at `$.server`"),
        ('[party]\nid = "DE*GEF"', "Expected `array`, got `object` - at `$.party`"),
        ("[[party]]", "Object missing required field `id` - at `$.party[0]`"),
        ("party = [5]", "Expected `object`, got `int` - at `$.party[0]`"),
        ('[server]\nversions = ["2.2.1", "2.4"]', "server.versions: expected one of 2.1.1, 2.2.1, 2.3.0, got '2.4'"),
        ('[server]\nmodules = ["location"]', "server.modules: expected one of "),
        (
            '[server]\nextensions = ["status"]',
            "server.extensions: expected one of delete, delete_of_party, evse_status, ",
        ),
        ('[[party]]\nid = "DE*GEF"\nrole = "CPOO"', "party.role: expected one of CPO, EMSP, HUB, "),
        ('[[party]]\nid = "DE*GEFX"', "party.id: expected a party like NL*TNM"),
        ('[server]\nbase_url = "ocpi.example"', "server.base_url: expected an absolute http or https URL, got 'ocpi."),
        ("[server]\npage_size = 2000", "server.page_size: expected at most server.max_page_size (1000)"),
        ("[outbound]\nnetworks = ['10.20.0.1/16']", "outbound.networks: expected networks like 10.20.0.0/16"),
        ("[outbound]\nkey = 'a'", "outbound.key: expected outbound.certificate as well"),
        ("[pki]\narc = '9.9'", "pki.arc: expected an arc like 1.2.3.4.5.6.7, got '9.9'"),
        ("[pki]\nenvironment = 'live'", "Expected `str` matching regex"),
        ("[server", "expected TOML: "),
        ('[server]\ntls_min = "1.1"', "server.tls_min: expected one of 1.2, 1.3, got '1.1'"),
        (
            '[server]\nclient_certificates = "always"',
            "server.client_certificates: expected one of none, optional, required, got 'always'",
        ),
        ('[server]\nkey = "a"', "server.key: expected server.certificate as well"),
        (
            '[server]\nclient_certificates = "required"',
            "server.client_certificates: expected server.certificate as well",
        ),
        (
            '[server]\ncertificate = "a"\nclient_certificates = "required"',
            "server.client_ca: expected a file, or server.client_certificates to be none",
        ),
        (
            '[server]\ncertificate = "a"\ncrl = "b"',
            "server.crl: expected server.client_certificates to be optional or required",
        ),
        ('[server]\ntrusted_proxies = ["proxy"]', "server.trusted_proxies: expected addresses and networks: 'proxy'"),
        (
            '[server]\nexporter_header = "x"',
            "server.exporter_header: expected server.trusted_proxies to name those that may send it",
        ),
        (
            '[server]\ntrusted_proxies = ["*"]\nexporter_header = "x"',
            "server.exporter_header: expected server.trusted_proxies to name those that may send it",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text).startswith(said)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("SERVER_PORT", "many", "Expected `int`, got `str` - at `$.server.port`"),
        ("LIMITS_CALL_S", "long", "Expected `float`, got `str` - at `$.limits.call_s`"),
        ("LOG_JSON", "yes", "Expected `bool`, got `str` - at `$.log.json`"),
        ("SERVER_VERSIONS", "9", "server.versions: expected one of 2.1.1, 2.2.1, 2.3.0, got '9'"),
    ],
)
def test_a_wrong_variable_is_refused_as_a_wrong_key_is(tmp_path: Path, name: str, text: str, said: str) -> None:
    assert refused(tmp_path, "", {f"WWCP_OCPI_{name}": text}) == said


def test_a_section_that_is_none_is_named_even_when_the_environment_has_a_key_of_it(tmp_path: Path) -> None:
    assert refused(tmp_path, "log = 5", {"WWCP_OCPI_LOG_LEVEL": "info"}).startswith("Expected `object`, got `int`")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: No such file or directory"):
        load(tmp_path / "none.toml", NOTHING)
    (tmp_path / "wwcp-ocpi.toml").write_bytes(b"\xff\xfe[\x00")
    with pytest.raises(UsageError, match="expected TOML"):
        load(tmp_path / "wwcp-ocpi.toml", NOTHING)


def test_a_gateway_without_a_party_is_refused() -> None:
    with pytest.raises(UsageError, match="expected at least one"):
        Config().own_parties()
    with pytest.raises(UsageError, match=r"party\.id: expected a party"):
        Config(party=(PartySection(id="nobody"),)).own_parties()


def test_a_secret_is_read_from_a_file_or_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("00ff\n")
    monkeypatch.setenv("THE_KEY", " 0a0b ")
    assert read_secret(f"file:{tmp_path / 'key'}") == b"\x00\xff"
    assert read_secret("env:THE_KEY") == b"\x0a\x0b"


@pytest.mark.parametrize("reference", ["file:none", "env:WWCP_OCPI_NO_SUCH", "file:pyproject.toml", "file:."])
def test_a_secret_that_is_not_where_it_should_be_is_refused(reference: str) -> None:
    with pytest.raises(UsageError, match=f"store.key: {reference}: expected hex digits there"):
        read_secret(reference)


@pytest.mark.parametrize("written_out", ["00112233445566778899aabbccddeeff", "vault:secret/key"])
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(tmp_path: Path, written_out: str) -> None:
    said = refused(tmp_path, f'[store]\nkey = "{written_out}"')
    assert said == "store.key: expected file:PATH or env:NAME"
    with pytest.raises(UsageError) as error:
        read_secret(written_out)
    assert str(error.value) == said


def test_every_key_is_described() -> None:
    rows = describe()
    names = [name for name, *_ in rows]
    assert names == [
        f"{section}.{key}"
        for section, value in {
            **effective(Config()),
            "party": effective(Config(party=(PartySection(id="x"),)))["party"][0],
            "node": effective(Config(node=(NodeSection(url="x", network="x", token="x"),)))["node"][0],
        }.items()
        for key in value
    ]
    assert all(meaning.endswith((".", ").")) for *_, meaning in rows)
    assert ("party.id", "text", "required", "Country code and party id, like DE*GEF.") in rows
    assert ("server.versions", "list of texts", '["2.1.1","2.2.1","2.3.0"]', "OCPI versions that are served.") in rows


def test_the_effective_configuration_is_plain_and_complete() -> None:
    found = effective(Config(store=StoreSection(key="env:KEY")))
    assert msgspec.convert(found, Config) == Config(store=StoreSection(key="env:KEY"))
    assert found["store"]["key"] == "env:KEY"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("false", False), ("[]", ()), ('["match", "get"]', ("match", "get"))],
)
def test_extensions_are_all_or_none_or_named(tmp_path: Path, text: str, expected: bool | tuple[str, ...]) -> None:
    config = load(written(tmp_path, f"[server]\nextensions = {text}"), NOTHING)
    assert config.server.extensions == expected
    settings = settings_of(msgspec.structs.replace(config, party=(PartySection(id="DE*GEF"),)), "http://h")
    named = expected if isinstance(expected, tuple) else EXTENSIONS if expected else ()
    assert settings.extensions == frozenset(named)
    plain = text.strip("[]").replace('"', "").replace(" ", "")
    variable = {"WWCP_OCPI_SERVER_EXTENSIONS": plain}
    assert load(None, variable).server.extensions == expected


def test_an_extension_that_there_is_not_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, '[server]\nextensions = ["matches"]')
    assert said.startswith("server.extensions: expected one of ")
    assert said.endswith("got 'matches'")
    assert "extensions" in refused(tmp_path, "[server]\nextensions = 1")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ('url = "ftp://h"', "node.url: expected an absolute http or https URL, got 'ftp://h'"),
        ('token = "secret"', "node.token: expected file:PATH or env:NAME"),
        ('operators = ["DE"]', "node.operators: expected a ChargingStationOperatorId like DE*GEF, got 'DE'"),
        ('providers = ["?"]', "node.providers: expected an EMobilityProviderId like DE-GDF, got '?'"),
        ('tokn = "x"', "node.tokn: no such key; did you mean token?"),
    ],
)
def test_a_node_is_checked_before_anything_opens(tmp_path: Path, changed: str, said: str) -> None:
    lines = {"url": 'url = "https://h.example/wwcp"', "network": 'network = "Prod"', "token": 'token = "env:T"'}
    [node] = load(written(tmp_path, "[[node]]\n" + "\n".join(lines.values())), NOTHING).node
    assert (node.network, node.upload, node.providers) == ("Prod", False, ())
    lines[changed.split()[0]] = changed
    assert refused(tmp_path, "[[node]]\n" + "\n".join(lines.values())) == said
