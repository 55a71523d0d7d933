# SPDX-License-Identifier: AGPL-3.0-or-later
"""`price`: what a CDR or Session costs and why, what a charge would cost, and what a tariff says."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from wwcp_ocpi import rules
from wwcp_ocpi.cli.output import Json, emit, line, say, show
from wwcp_ocpi.feeds.reading import read_file
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.errors import OCPIError, UsageError
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import now


class _Entry(NamedTuple):
    """An object of a file, and where it stood."""

    place: str
    version: str
    value: Any
    body: bytes


class _How(NamedTuple):
    """What holds for everything that is priced in one call."""

    tariffs: list[Any] | None
    time_zone: str | None
    taxes: tuple[rules.Tax, ...]
    in_currency: bool

    def rounding(self, currency: str) -> rules.Rounding:
        return rules.in_currency(currency) if self.in_currency else rules.FOUR_DECIMALS


def price(
    tariff: Annotated[list[str] | None, typer.Option(help="File with tariffs, instead of those in the CDR.")] = None,
    cdr: Annotated[str | None, typer.Option(help="File with CDRs to check.")] = None,
    session: Annotated[str | None, typer.Option(help="File with Sessions to price.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Time zone of the Location, as Europe/Amsterdam; for tariffs by local time.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="OCPI version of the files; by default the latest that fits.")
    ] = None,
    power: Annotated[str | None, typer.Option(help="Estimate a charge with this power, in kW.")] = None,
    energy: Annotated[str | None, typer.Option(help="Energy of the estimated charge, in kWh.")] = None,
    minutes: Annotated[int | None, typer.Option(help="Longest duration of the estimated charge.")] = None,
    parking_minutes: Annotated[int, typer.Option(help="Parking after the estimated charge.")] = 0,
    start: Annotated[str | None, typer.Option(help="Start of the estimated charge, ISO 8601; by default now.")] = None,
    tax: Annotated[list[str] | None, typer.Option(help="NAME=PERCENT for prices without vat, as GST=5.")] = None,
    currency_rounding: Annotated[bool, typer.Option(help="Round to what can be paid, not to four decimals.")] = False,
    language: Annotated[str, typer.Option(help="Language of the tariff in words: en, de, nl or fr.")] = "en",
    picture: Annotated[Path | None, typer.Option(help="Where the tariff goes as a picture (SVG).")] = None,
    json: Json = False,
) -> None:
    """Price CDRs or Sessions, estimate a charge, or tell what tariffs say. Exit 1 if a CDR is not as computed."""
    if cdr is not None and session is not None:
        raise UsageError("--cdr and --session: expected one of them, got both")
    tariffs = [entry for file in tariff or () for entry in _read(file, "Tariff", version)]
    if not tariffs and cdr is None:
        raise UsageError("--tariff: expected a file with tariffs")
    if picture is not None:
        _draw(tariffs, picture, language)
    how = _How([one.value for one in tariffs] or None, time_zone, _taxes(tax), currency_rounding)
    if cdr is not None:
        matches = [_checked(entry, how, json=json) for entry in _read(cdr, "CDR", version)]
        sys.exit(0 if all(matches) else 1)
    if session is not None:
        for entry in _read(session, "Session", version):
            _tell(entry, _priced(entry, how), {}, json=json)
    elif power is not None:
        charged = _estimate(how, tariffs, power, energy, minutes, parking_minutes, start)
        _tell(tariffs[0], charged.priced, _assumed(charged), json=json)
    else:
        sound = [_told(entry, language, json=json) for entry in tariffs]
        sys.exit(0 if all(sound) else 1)


def _read(file: str, name: str, version: str | None) -> list[_Entry]:
    numbers = [version_of(version).number] if version is not None else list(reversed(VERSIONS))
    found = []
    for entry in read_file(file):
        place = f"{file}[{entry.index}]"
        if entry.error is not None:
            raise UsageError(f"{place}: {entry.error}")
        found.append(_decoded(entry.body, name, numbers, place))
    if not found:
        raise UsageError(f"{file}: expected at least one {name}, got none")
    return found


def _decoded(body: bytes, name: str, numbers: list[str], place: str) -> _Entry:
    """The object in the first of the versions that it fits."""
    refused: OCPIError | None = None
    for number in numbers:
        try:
            return _Entry(place, number, codec.decode(version_of(number).object_named(name), body), body)
        except OCPIError as error:
            refused = refused or error
    raise UsageError(f"{place}: no {name} of OCPI {' or '.join(numbers)}: {refused}")


def _taxes(given: list[str] | None) -> tuple[rules.Tax, ...]:
    found = []
    for text in given or ():
        name, _, percent = text.partition("=")
        found.append(rules.Tax(name, _number(percent, "--tax")))
    return tuple(found)


def _number(text: str, option: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise UsageError(f"{option}: expected a number, got {text!r}")
    return value


def _estimate(
    how: _How,
    tariffs: list[_Entry],
    power: str,
    energy: str | None,
    minutes: int | None,
    parking: int,
    start: str | None,
) -> rules.Estimate:
    try:
        began = now() if start is None else dt.datetime.fromisoformat(start)
        length = None if minutes is None else dt.timedelta(minutes=minutes)
        parked = dt.timedelta(minutes=parking)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--start, --minutes: {error}") from error
    if began.tzinfo is None:
        raise UsageError(f"--start: expected a time with its offset, as 2026-01-31T12:00:00Z, got {start!r}")
    if len(tariffs) > 1:
        raise UsageError(f"--tariff: expected one tariff for an estimate, got {len(tariffs)}")
    return rules.estimate(
        tariffs[0].value,
        start=began.astimezone(dt.UTC),
        power_kw=_number(power, "--power"),
        energy_kwh=None if energy is None else _number(energy, "--energy"),
        duration=length,
        parking=parked,
        time_zone=how.time_zone,
        rounding=how.rounding(tariffs[0].value.currency),
        taxes=how.taxes,
    )


def _assumed(charged: rules.Estimate) -> dict[str, Any]:
    return {
        "start": charged.start.isoformat(),
        "charged": charged.charged.isoformat(),
        "end": charged.end.isoformat(),
        "energy_kwh": charged.energy_kwh,
    }


def _priced(entry: _Entry, how: _How) -> rules.Priced:
    try:
        return rules.price(
            entry.value,
            how.tariffs,
            time_zone=how.time_zone,
            taxes=how.taxes,
            rounding=how.rounding(entry.value.currency),
        )
    except rules.PricingError as error:
        error.message, error.path = f"{entry.place}: {error}", None
        raise


def _checked(entry: _Entry, how: _How, *, json: bool) -> bool:
    checked = rules.check(
        entry.value,
        how.tariffs,
        time_zone=how.time_zone,
        taxes=how.taxes,
        rounding=how.rounding(entry.value.currency),
    )
    if json:
        emit({"source": entry.place, "version": entry.version, **rules.check_report(checked)})
        return checked.matches
    if checked.priced is not None:
        _show(entry.place, rules.explain(checked.priced))
    for note in checked.notes if checked.priced is None else ():
        say(f"{entry.place}: {note.text}")
    for one in checked.differences:
        reasons = "; ".join(reason.value for reason in one.reasons) or "no usual reason fits"
        say(f"{one.path}: expected {one.computed:f}, got {one.stated:f} ({reasons})")
    say(f"{entry.place}: {checked.verdict.value}")
    return checked.matches


def _tell(entry: _Entry, priced: rules.Priced, more: dict[str, Any], *, json: bool) -> None:
    if json:
        emit({"source": entry.place, "version": entry.version, **rules.report(priced), **more})
    else:
        _show(entry.place, rules.explain(priced))


_SHOWN = ("from", "dimension", "volume", "billed", "price", "tax", "before", "after")
"""The columns that fit on a terminal. What matched, and why, stands below."""


def _show(place: str, explanation: rules.Explanation) -> None:
    columns = [rules.EXPLANATION_HEAD.index(name) for name in _SHOWN]
    rows = rules.explanation_rows(explanation)
    show(place, _SHOWN, [[row[column] for column in columns] for row in rows])
    for row in rows:
        if row[0]:
            line(f"period {row[0]}, {row[2]}: tariff {row[3]}, element {row[-1]}")
    for text in explanation.texts:
        say(text)


def _told(entry: _Entry, language: str, *, json: bool) -> bool:
    findings = rules.lint_body(type(entry.value), entry.body, now=now())
    sound = not any(one.severity is Severity.ERROR for one in findings)
    try:
        texts = rules.tell(entry.value, language)
    except rules.BadTariff:
        texts = []
    if json:
        emit(
            {
                "source": entry.place,
                "version": entry.version,
                "tariff": entry.value.id,
                "texts": texts,
                "findings": [{**msgspec.structs.asdict(one), "severity": one.severity.value} for one in findings],
            }
        )
        return sound
    for text in texts:
        line(text)
    for one in findings:
        say(f"{entry.place}: {one.path}: {one.severity.value}: {one.text} ({one.code})")
    return sound


def _draw(tariffs: list[_Entry], path: Path, language: str) -> None:
    if len(tariffs) != 1:
        raise UsageError(f"--picture: expected one tariff, got {len(tariffs)}")
    try:
        path.write_text(rules.picture(tariffs[0].value, today=now().date(), language=language), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--picture: {path}: {error.strerror}") from error
