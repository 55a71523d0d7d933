# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words that a tariff is told in: English, German, Dutch, French. A language is a row of this table."""

from __future__ import annotations

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language. In braces stands what is put in; `dimension` and `per` go by the name of the line."""

    comma: str
    money: str
    dimension: dict[str, str]
    per: dict[str, str]
    once: str
    free: str
    otherwise: str
    otherwise_free: str
    plus_taxes: str
    tax_not_told: str
    days: tuple[str, ...]
    between: str
    until_time: str
    from_time: str
    start_date: str
    end_date: str
    from_value: dict[str, str]
    below_value: dict[str, str]
    step: str
    at_least: str
    at_most: str
    title: str
    free_of_charge: str
    hours: str
    minutes: str
    seconds: str


_HOURLY = ("TIME", "PARKING_TIME", "RESERVATION_TIME", "RESERVATION_EXPIRES", "RESERVATION_OVERTIME")


def _per(kwh: str, hour: str) -> dict[str, str]:
    return {"ENERGY": kwh, **dict.fromkeys(_HOURLY, hour)}


ENGLISH = Words(
    comma=".",
    money="{currency} {value}",
    dimension={
        "ENERGY": "Energy",
        "TIME": "Charging time",
        "PARKING_TIME": "Parking after charging",
        "FLAT": "Start fee",
        "RESERVATION_TIME": "Reservation",
        "RESERVATION_FLAT": "Reservation fee",
        "RESERVATION_EXPIRES": "Reservation that is not used",
        "RESERVATION_EXPIRES_FLAT": "Fee for a reservation that is not used",
        "RESERVATION_OVERTIME": "Time after the booked slot",
        "RESERVATION_OVERTIME_FLAT": "Fee for staying after the booked slot",
        "CANCELLATION_FLAT": "Fee for canceling a booking",
    },
    per=_per("per kWh", "per hour"),
    once="once",
    free="free",
    otherwise="otherwise {price}",
    otherwise_free="otherwise free",
    plus_taxes="plus taxes",
    tax_not_told="Taxes are included.",
    days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    between="from {start} to {end}",
    until_time="until {end}",
    from_time="from {start} on",
    start_date="from {value} on",
    end_date="until before {value}",
    from_value={
        "KWH": "from {value} kWh on",
        "CURRENT": "from {value} A on",
        "POWER": "from {value} kW on",
        "DURATION": "after {value}",
    },
    below_value={
        "KWH": "for the first {value} kWh",
        "CURRENT": "below {value} A",
        "POWER": "below {value} kW",
        "DURATION": "within {value}",
    },
    step="billed in steps of {value}",
    at_least="A session costs at least {price}.",
    at_most="A session costs at most {price}.",
    title="Tariff {id}: price over a week",
    free_of_charge="Charging is free.",
    hours="{value} h",
    minutes="{value} min",
    seconds="{value} s",
)
GERMAN = Words(
    comma=",",
    money="{value} {currency}",
    dimension={
        "ENERGY": "Energie",
        "TIME": "Ladezeit",
        "PARKING_TIME": "Parken nach dem Laden",
        "FLAT": "Startgebühr",
        "RESERVATION_TIME": "Reservierung",
        "RESERVATION_FLAT": "Reservierungsgebühr",
        "RESERVATION_EXPIRES": "Nicht genutzte Reservierung",
        "RESERVATION_EXPIRES_FLAT": "Gebühr für eine nicht genutzte Reservierung",
        "RESERVATION_OVERTIME": "Zeit nach dem gebuchten Zeitraum",
        "RESERVATION_OVERTIME_FLAT": "Gebühr für das Bleiben nach dem gebuchten Zeitraum",
        "CANCELLATION_FLAT": "Gebühr für das Stornieren einer Buchung",
    },
    per=_per("pro kWh", "pro Stunde"),
    once="einmalig",
    free="kostenlos",
    otherwise="sonst {price}",
    otherwise_free="sonst kostenlos",
    plus_taxes="zuzüglich Steuern",
    tax_not_told="Steuern sind enthalten.",
    days=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    between="von {start} bis {end} Uhr",
    until_time="bis {end} Uhr",
    from_time="ab {start} Uhr",
    start_date="ab {value}",
    end_date="bis vor {value}",
    from_value={
        "KWH": "ab {value} kWh",
        "CURRENT": "ab {value} A",
        "POWER": "ab {value} kW",
        "DURATION": "nach {value}",
    },
    below_value={
        "KWH": "für die ersten {value} kWh",
        "CURRENT": "unter {value} A",
        "POWER": "unter {value} kW",
        "DURATION": "innerhalb von {value}",
    },
    step="abgerechnet in Schritten von {value}",
    at_least="Ein Ladevorgang kostet mindestens {price}.",
    at_most="Ein Ladevorgang kostet höchstens {price}.",
    title="Tarif {id}: Preis im Lauf der Woche",
    free_of_charge="Das Laden ist kostenlos.",
    hours="{value} Std.",
    minutes="{value} Min.",
    seconds="{value} Sek.",
)
DUTCH = Words(
    comma=",",
    money="{currency} {value}",
    dimension={
        "ENERGY": "Energie",
        "TIME": "Laadtijd",
        "PARKING_TIME": "Parkeren na het laden",
        "FLAT": "Starttarief",
        "RESERVATION_TIME": "Reservering",
        "RESERVATION_FLAT": "Reserveringskosten",
        "RESERVATION_EXPIRES": "Niet gebruikte reservering",
        "RESERVATION_EXPIRES_FLAT": "Kosten voor een niet gebruikte reservering",
        "RESERVATION_OVERTIME": "Tijd na de geboekte periode",
        "RESERVATION_OVERTIME_FLAT": "Kosten voor blijven na de geboekte periode",
        "CANCELLATION_FLAT": "Kosten voor het annuleren van een boeking",
    },
    per=_per("per kWh", "per uur"),
    once="eenmalig",
    free="gratis",
    otherwise="anders {price}",
    otherwise_free="anders gratis",
    plus_taxes="exclusief belastingen",
    tax_not_told="Belastingen zijn inbegrepen.",
    days=("ma", "di", "wo", "do", "vr", "za", "zo"),
    between="van {start} tot {end} uur",
    until_time="tot {end} uur",
    from_time="vanaf {start} uur",
    start_date="vanaf {value}",
    end_date="tot {value}",
    from_value={
        "KWH": "vanaf {value} kWh",
        "CURRENT": "vanaf {value} A",
        "POWER": "vanaf {value} kW",
        "DURATION": "na {value}",
    },
    below_value={
        "KWH": "voor de eerste {value} kWh",
        "CURRENT": "onder {value} A",
        "POWER": "onder {value} kW",
        "DURATION": "binnen {value}",
    },
    step="afgerekend in stappen van {value}",
    at_least="Een laadsessie kost minstens {price}.",
    at_most="Een laadsessie kost hoogstens {price}.",
    title="Tarief {id}: prijs door de week",
    free_of_charge="Laden is gratis.",
    hours="{value} uur",
    minutes="{value} min",
    seconds="{value} s",
)
FRENCH = Words(
    comma=",",
    money="{value} {currency}",
    dimension={
        "ENERGY": "Énergie",
        "TIME": "Temps de charge",
        "PARKING_TIME": "Stationnement après la charge",
        "FLAT": "Frais de démarrage",
        "RESERVATION_TIME": "Réservation",
        "RESERVATION_FLAT": "Frais de réservation",
        "RESERVATION_EXPIRES": "Réservation non utilisée",
        "RESERVATION_EXPIRES_FLAT": "Frais pour une réservation non utilisée",
        "RESERVATION_OVERTIME": "Temps après le créneau réservé",
        "RESERVATION_OVERTIME_FLAT": "Frais de dépassement du créneau réservé",
        "CANCELLATION_FLAT": "Frais d'annulation d'une réservation",
    },
    per=_per("par kWh", "par heure"),
    once="une fois",
    free="gratuit",
    otherwise="sinon {price}",
    otherwise_free="sinon gratuit",
    plus_taxes="hors taxes",
    tax_not_told="Les taxes sont comprises.",
    days=("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
    between="de {start} à {end}",
    until_time="jusqu'à {end}",
    from_time="à partir de {start}",
    start_date="à partir du {value}",
    end_date="avant le {value}",
    from_value={
        "KWH": "à partir de {value} kWh",
        "CURRENT": "à partir de {value} A",
        "POWER": "à partir de {value} kW",
        "DURATION": "après {value}",
    },
    below_value={
        "KWH": "pour les premiers {value} kWh",
        "CURRENT": "en dessous de {value} A",
        "POWER": "en dessous de {value} kW",
        "DURATION": "dans un délai de {value}",
    },
    step="facturé par tranches de {value}",
    at_least="Une session coûte au moins {price}.",
    at_most="Une session coûte au plus {price}.",
    title="Tarif {id} : prix sur une semaine",
    free_of_charge="La charge est gratuite.",
    hours="{value} h",
    minutes="{value} min",
    seconds="{value} s",
)

LANGUAGES = {"en": ENGLISH, "de": GERMAN, "nl": DUTCH, "fr": FRENCH}
