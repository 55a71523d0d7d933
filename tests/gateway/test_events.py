# SPDX-License-Identifier: AGPL-3.0-or-later
"""Security events as a stream: every kind of anomaly, readers that are slow or come back, and who may read."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from msgspec.structs import replace

from tests.gateway.gateways import config, until
from tests.identity_setting import OTHER, SECRET, TOKEN, Setting, certificate, setting, wire
from tests.net.serving import DEADLINE_S
from tests.net.tls_setting import Files, self_signed
from tests.objects import cdr
from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import OperatorSection
from wwcp_ocpi.gateway.events import MOST_READERS, EventFeed
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.tls.settings import ClientTLS
from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.audit_log import verify_folder
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.passwords import SingleUse
from wwcp_ocpi.server.event_stream import Sent

OPERATOR = "the-token-of-the-operator"
Attack: TypeAlias = Callable[[Setting], Awaitable[object]]


# Every kind of anomaly


async def invalid_password(made: Setting) -> None:
    await made.demand()
    await made.ask(password="AAAAAAAAAAAA")


async def expired_password(made: Setting) -> None:
    await made.demand()
    await made.ask(password=made.now(slots=-3))


async def replayed_password(made: Setting) -> None:
    await made.demand(single_use=SingleUse.STRICT)
    for _ in range(2):
        await made.ask(password=made.now())


async def missing_password(made: Setting) -> None:
    await made.demand()
    await made.ask()


async def repeated_failures(made: Setting) -> None:
    for _ in range(made.made.settings.refusals_per_minute):
        await made.ask(token=Secret("guess"))


async def no_certificate(made: Setting) -> None:
    await made.made.securing.expect_certificate("partner", CertificateRule(pins=("aa",)))
    await made.ask()


async def wrong_certificate(made: Setting) -> None:
    made.made.server.identity.certificates = made.certificates
    await made.made.securing.expect_certificate("partner", CertificateRule(pins=("aa",)))
    await made.ask(channel=certificate("bb"))


async def new_certificate(made: Setting) -> None:
    made.made.server.identity.certificates = made.certificates
    await made.made.securing.expect_certificate("partner", CertificateRule(pins=("aa", "bb")))
    for shown in ("aa", "bb", "aa"):
        await made.ask(channel=certificate(shown))


async def new_certificate_that_nobody_asked_for(made: Setting) -> None:
    for shown in ("aa", "aa", "bb", "aa"):
        await made.ask(channel=certificate(shown))


async def new_network(made: Setting) -> None:
    for source in ("192.0.2.1", "198.51.100.7"):
        await made.ask(source=source)


async def role_violation(made: Setting) -> None:
    await made.change_token(roles=("EMSP",))
    await made.ask("/ocpi/2.2.1/receiver/cdrs", method="POST", body=cdr("2.2.1"))


async def party_violation(made: Setting) -> None:
    headers = {"ocpi-from-country-code": "XX", "ocpi-from-party-id": "YYY"}
    await made.ask("/ocpi/2.2.1/sender/locations", headers=headers)


async def other_cdr(made: Setting) -> None:
    await made.change_token(roles=("CPO",))
    first = cdr("2.2.1")
    for body in (first, first, {**first, "total_energy": 99.5}):
        await made.ask("/ocpi/2.2.1/receiver/cdrs", method="POST", body=body)


async def clock_drift(made: Setting) -> None:
    await made.demand()
    made.clock.at += 15 - made.clock.at % 30
    await made.ask(password=made.now(slots=-1))


async def expired_token(made: Setting) -> None:
    await made.change_token(not_after=wire(made.clock.at - 1))
    await made.ask()


KINDS: list[tuple[Attack, Reason, str]] = [
    (invalid_password, Reason.INVALID_TOTP, "CPO"),
    (expired_password, Reason.EXPIRED_TOTP, "CPO"),
    (replayed_password, Reason.REPLAYED_TOTP, "CPO"),
    (missing_password, Reason.MISSING_TOTP, "CPO"),
    (repeated_failures, Reason.REPEATED_FAILURES, "CPO"),
    (no_certificate, Reason.MISSING_CERTIFICATE, "CPO"),
    (wrong_certificate, Reason.WRONG_CERTIFICATE, "CPO"),
    (new_certificate, Reason.NEW_CERTIFICATE, "CPO"),
    (new_certificate_that_nobody_asked_for, Reason.NEW_CERTIFICATE, "CPO"),
    (new_network, Reason.NEW_NETWORK, "CPO"),
    (role_violation, Reason.ROLE_VIOLATION, "EMSP"),
    (party_violation, Reason.PARTY_VIOLATION, "CPO"),
    (other_cdr, Reason.CONTRADICTED_CDR, "EMSP"),
    (clock_drift, Reason.CLOCK_DRIFT, "CPO"),
    (expired_token, Reason.TOKEN_EXPIRED, "CPO"),
]


@pytest.mark.parametrize(("attack", "reason", "role"), KINDS, ids=[kind[0].__name__ for kind in KINDS])
async def test_every_kind_of_anomaly_is_in_the_stream_and_the_log_once_and_without_secrets(
    attack: Attack, reason: Reason, role: str
) -> None:
    made = await setting(role, modules=frozenset({"locations", "cdrs"}))
    feed = EventFeed(made.audit)
    made.made.note_in(feed)
    stream = feed.follow()
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await attack(made)
    feed.close()
    sent = [await first, *[one async for one in stream]]
    told = [json.loads(one.data) for one in sent]
    assert [one["event"] for one in told] == [one.code for one in made.audit.reasons]
    assert [one["event"] for one in told].count(reason.code) == 1
    (found,) = (one for one in told if one["event"] == reason.code)
    assert (found["severity"], found["at"][-1]) == (reason.severity.value, "Z")
    if reason is not Reason.REPEATED_FAILURES:
        assert found["partner"] == "partner"
    text = "".join(one.data for one in sent)
    for secret in (TOKEN.reveal(), OTHER.reveal(), SECRET, base64.b64encode(TOKEN.reveal().encode()).decode()):
        assert secret not in text


# Readers


class Nowhere:
    def append(self, event: Event) -> None:
        """Nothing is kept."""


def feed_of(count: int, remembered: int) -> EventFeed:
    feed = EventFeed(Nowhere(), remembered=remembered)
    for number in range(count):
        feed.append(Event(Reason.BLOCKED, partner=str(number)))
    return feed


async def told(stream: AsyncIterator[Sent]) -> list[Any]:
    """Everything until the end: partners of events, counts of what was missed."""
    found = []
    async for one in stream:
        data = json.loads(one.data)
        found.append(data["partner"] if one.name == "security" else data)
    return found


async def test_a_reader_that_comes_back_gets_what_was_said_meanwhile() -> None:
    feed = feed_of(2, 10)
    stream = feed.follow(None)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    feed.append(Event(Reason.BLOCKED, partner="2"))
    seen = await reading
    for number in (3, 4):
        feed.append(Event(Reason.BLOCKED, partner=str(number)))
    feed.close()
    assert json.loads(seen.data)["partner"] == "2"
    assert await told(feed.follow(seen.id)) == ["3", "4"]
    assert await told(feed.follow()) == []


async def test_a_slow_reader_is_told_how_much_it_missed_and_where_to_go_on() -> None:
    feed = feed_of(1, 3)
    run = next(iter([one.id async for one in _first(feed)])).partition("-")[0]
    stream = feed.follow(f"{run}-1")
    for number in range(1, 8):
        feed.append(Event(Reason.BLOCKED, partner=str(number)))
    feed.close()
    first = await anext(stream)
    assert (first.name, json.loads(first.data)) == ("missed", {"count": 4})
    assert await told(stream) == ["5", "6", "7"]
    assert await told(feed.follow(first.id)) == ["5", "6", "7"]


async def _first(feed: EventFeed) -> AsyncIterator[Sent]:
    async for one in feed.follow("of-another-process"):
        yield one
        return


@pytest.mark.parametrize("id", ["deadbeef-3", "", "x", "-", "9" * 5000])
async def test_an_id_of_an_earlier_process_gets_everything_that_is_known_and_a_word(id: str) -> None:
    feed = feed_of(5, 3)
    feed.close()
    assert await told(feed.follow(id)) == [{"count": None}, "2", "3", "4"]


async def test_an_id_that_is_ahead_counts_as_the_last() -> None:
    feed = feed_of(2, 3)
    (first,) = [one async for one in _first(feed)]
    feed.close()
    assert await told(feed.follow(first.id.partition("-")[0] + "-99")) == []


async def test_any_number_of_readers_that_do_not_read_hold_nobody_up_and_cost_no_memory() -> None:
    feed = EventFeed(Nowhere(), remembered=10)
    streams = [feed.follow("x") for _ in range(100)]
    for stream in streams:
        await anext(stream)
    for number in range(10_000):
        feed.append(Event(Reason.BLOCKED, partner=str(number)))
    feed.close()
    assert (await told(streams[0]))[:2] == [{"count": 9_990}, "9990"]


async def test_texts_of_anybody_stay_json_on_one_line() -> None:
    feed = EventFeed(Nowhere())
    feed.append(Event(Reason.BLOCKED, detail="a\r\nid: 9\n\ndata: x\ud800\x00\u2028" + "x" * 1000))
    feed.close()
    stream = feed.follow("x")
    await anext(stream)
    (one,) = [sent async for sent in stream]
    assert "\n" not in one.data
    assert "\r" not in one.data
    assert len(json.loads(one.data)["detail"]) == 200


# Over HTTP


async def opened(gateway: Gateway, **headers: str) -> tuple[int, bytes, asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader of the stream: the status, the head, and the rest as it comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.http.port)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET /-/events HTTP/1.1\r\nhost: h\r\n{lines}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split()[1]), head, reader, writer


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "operator-token"
    path.write_text(f"{OPERATOR}\n")
    return path


async def test_the_operator_reads_what_happens_and_goes_on_where_it_was(tmp_path: Path, token_file: Path) -> None:
    made = replace(config(tmp_path), operator=OperatorSection(token=f"file:{token_file}"))
    async with asyncio.timeout(DEADLINE_S), Gateway(made) as gateway, HTTPTransport() as stranger:
        guess = Request(method="GET", url=gateway.versions_url, headers={"authorization": "Token hush"})
        basic = base64.b64encode(f"anybody:{OPERATOR}".encode()).decode()
        status, head, reader, writer = await opened(gateway, authorization=f"Basic {basic}")
        assert (status, b"text/event-stream" in head) == (200, True)
        await stranger(guess)
        said = await reader.readuntil(b'"event":"unknown_token"')
        said += await reader.readuntil(b"\n\n")
        assert b"hush" not in said
        id = said.split(b"id: ")[1].split(b"\n")[0].decode()
        writer.close()
        await stranger(guess)
        _, _, reader, writer = await opened(gateway, authorization=f"Bearer {OPERATOR}", last_event_id=id)
        again = await reader.readuntil(b'"event":"unknown_token"')
        number = int(id.partition("-")[2]) + 1
        assert again.split(b"id: ")[1].split(b"\n")[0].decode() == f"{id.partition('-')[0]}-{number}"
        await gateway.stop()
        await reader.read()  # ends, because the stop of the gateway ends the stream
        assert reader.at_eof()
    writer.close()


async def test_nobody_else_reads(tmp_path: Path, token_file: Path) -> None:
    made = replace(config(tmp_path), operator=OperatorSection(token=f"file:{token_file}"))
    async with asyncio.timeout(DEADLINE_S), Gateway(made) as gateway:
        for shown in ("", f"Bearer {OPERATOR}x", f"Token {OPERATOR}", "Basic !", f"Basic {OPERATOR}", "Bearer "):
            status, head, _, writer = await opened(gateway, **({"authorization": shown} if shown else {}))
            assert status == 401
            assert b"www-authenticate: Bearer" in head
            writer.close()
        assert gateway.audit.counts[Reason.UNKNOWN_TOKEN] == 5
        async with HTTPTransport() as way:
            url = f"{gateway.base_url}/-/events"
            bearer = {"authorization": f"Bearer {OPERATOR}"}
            assert (await way(Request(method="POST", url=url, headers=bearer))).status == 405
            assert (await way(Request(method="GET", url=f"{url}x", headers=bearer))).status == 404


async def test_a_guesser_is_not_listened_to_for_long(tmp_path: Path, token_file: Path) -> None:
    made = config(tmp_path)
    made = replace(
        made,
        operator=OperatorSection(token=f"file:{token_file}"),
        limits=replace(made.limits, refusals_per_minute=3),
    )
    async with asyncio.timeout(DEADLINE_S), Gateway(made) as gateway, HTTPTransport() as way:
        url = f"{gateway.base_url}/-/events"
        request = Request(method="GET", url=url, headers={"authorization": "Bearer guess"})
        assert [(await way(request)).status for _ in range(4)] == [401, 401, 401, 429]


async def test_without_a_token_there_is_no_such_page(tmp_path: Path) -> None:
    async with asyncio.timeout(DEADLINE_S), Gateway(config(tmp_path)) as gateway, HTTPTransport() as way:
        bearer = {"authorization": f"Bearer {OPERATOR}"}
        assert (await way(Request(method="GET", url=f"{gateway.base_url}/-/events", headers=bearer))).status == 404


async def test_a_token_that_is_short_or_nowhere_is_refused_at_the_start(tmp_path: Path, token_file: Path) -> None:
    token_file.write_text("short")
    for place, message in (
        (f"file:{token_file}", "at least 20 characters"),
        ("env:NO_SUCH_NAME", "expected a token there"),
    ):
        with pytest.raises(UsageError, match=message):
            await Gateway(replace(config(tmp_path), operator=OperatorSection(token=place))).start()


async def test_there_are_only_so_many_readers(tmp_path: Path, token_file: Path) -> None:
    made = replace(config(tmp_path), operator=OperatorSection(token=f"file:{token_file}"))
    async with asyncio.timeout(DEADLINE_S), Gateway(made) as gateway:
        writers = []
        for number in range(MOST_READERS + 1):
            status, _, _, writer = await opened(gateway, authorization=f"Bearer {OPERATOR}")
            assert status == (200 if number < MOST_READERS else 503)
            writers.append(writer)
        for writer in writers:
            writer.close()

        async def is_free() -> bool:
            return gateway._page._readers == 0

        await until(is_free)


_OWN = frozenset({Reason.AUDIT_OPENED, Reason.AUDIT_CLOSED, Reason.CHECKPOINT})


async def test_a_certificate_that_is_refused_in_the_handshake_is_an_event(tmp_path: Path) -> None:
    files = Files(tmp_path)
    tls = files.server()
    made = config(
        tmp_path,
        certificate=tls.certificate,
        key=tls.certificate,
        client_certificates="required",
        client_ca=files.ca,
        tls_min="1.3",
    )
    async with asyncio.timeout(DEADLINE_S), Gateway(made) as gateway:
        for shown in (self_signed(tmp_path / "lone.pem"), None):
            async with HTTPTransport(tls=ClientTLS(authorities=files.ca, certificate=shown)) as way:
                with pytest.raises(Unreachable):
                    await way(Request(method="GET", url=gateway.versions_url))
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.http.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")  # no TLS at all: nobody's certificate
        await reader.read()
        writer.close()

        async def is_noted() -> bool:
            return gateway.audit.counts[Reason.MISSING_CERTIFICATE] > 0

        await until(is_noted)
        noted = {reason for reason, count in gateway.audit.counts.items() if count and reason not in _OWN}
        assert noted == {Reason.WRONG_CERTIFICATE, Reason.MISSING_CERTIFICATE}
    report = verify_folder(gateway.audit.folder, gateway.audit._chain._key.public_key())
    assert report.findings == ()
