# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cities of Europe and usual street names, for networks that are made up."""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A city, the middle of it, and how postal codes look there (`#` is a digit, `@` a letter)."""

    name: str
    country: str  # ISO 3166-1, three letters
    language: str
    time_zone: str
    latitude: float
    longitude: float
    postal_code: str


_CITIES = """
Berlin|DEU|de|Europe/Berlin|52.520|13.405|10###
Hamburg|DEU|de|Europe/Berlin|53.551|9.994|20###
München|DEU|de|Europe/Berlin|48.137|11.575|80###
Köln|DEU|de|Europe/Berlin|50.938|6.960|50###
Jena|DEU|de|Europe/Berlin|50.927|11.589|077##
Stuttgart|DEU|de|Europe/Berlin|48.776|9.183|70###
Leipzig|DEU|de|Europe/Berlin|51.340|12.375|041##
Dresden|DEU|de|Europe/Berlin|51.050|13.737|010##
Wien|AUT|de|Europe/Vienna|48.208|16.374|1##0
Graz|AUT|de|Europe/Vienna|47.071|15.438|80##
Zürich|CHE|de|Europe/Zurich|47.377|8.541|80##
Basel|CHE|de|Europe/Zurich|47.560|7.589|40##
Praha|CZE|cs|Europe/Prague|50.076|14.438|1## 00
Warszawa|POL|pl|Europe/Warsaw|52.230|21.012|00-###
Kraków|POL|pl|Europe/Warsaw|50.065|19.945|30-###
København|DNK|da|Europe/Copenhagen|55.676|12.568|2###
Aarhus|DNK|da|Europe/Copenhagen|56.163|10.204|80##
Amsterdam|NLD|nl|Europe/Amsterdam|52.368|4.904|10## @@
Rotterdam|NLD|nl|Europe/Amsterdam|51.924|4.478|30## @@
Utrecht|NLD|nl|Europe/Amsterdam|52.091|5.122|35## @@
Eindhoven|NLD|nl|Europe/Amsterdam|51.442|5.470|56## @@
Groningen|NLD|nl|Europe/Amsterdam|53.219|6.567|97## @@
Antwerpen|BEL|nl|Europe/Brussels|51.219|4.402|20##
Gent|BEL|nl|Europe/Brussels|51.054|3.717|90##
Luxembourg|LUX|fr|Europe/Luxembourg|49.612|6.130|1###
Stockholm|SWE|sv|Europe/Stockholm|59.329|18.069|11# ##
Göteborg|SWE|sv|Europe/Stockholm|57.709|11.975|41# ##
Oslo|NOR|no|Europe/Oslo|59.913|10.752|01##
Bergen|NOR|no|Europe/Oslo|60.391|5.322|50##
Helsinki|FIN|fi|Europe/Helsinki|60.170|24.938|00##0
Paris|FRA|fr|Europe/Paris|48.857|2.352|750##
Lyon|FRA|fr|Europe/Paris|45.764|4.836|6900#
Marseille|FRA|fr|Europe/Paris|43.296|5.370|130##
Toulouse|FRA|fr|Europe/Paris|43.605|1.444|31#00
Nantes|FRA|fr|Europe/Paris|47.218|-1.554|44#00
Lille|FRA|fr|Europe/Paris|50.629|3.057|59#00
Bordeaux|FRA|fr|Europe/Paris|44.838|-0.579|33#00
Madrid|ESP|es|Europe/Madrid|40.417|-3.704|280##
Barcelona|ESP|es|Europe/Madrid|41.385|2.173|080##
Lisboa|PRT|pt|Europe/Lisbon|38.722|-9.139|1###-###
Porto|PRT|pt|Europe/Lisbon|41.158|-8.629|4###-###
Milano|ITA|it|Europe/Rome|45.464|9.190|201##
Torino|ITA|it|Europe/Rome|45.070|7.687|101##
"""

CITIES = [
    City(name, country, language, zone, float(latitude), float(longitude), postal_code)
    for name, country, language, zone, latitude, longitude, postal_code in (
        line.split("|") for line in _CITIES.split("\n") if line
    )
]

STREETS = {
    "cs": ["Nádražní", "Školní", "Zahradní", "Lipová"],
    "da": ["Jernbanegade", "Skolegade", "Havnegade", "Lindevej"],
    "de": ["Bahnhofstraße", "Schulstraße", "Gartenstraße", "Lindenallee", "Am Markt", "Mühlenweg"],
    "es": ["Calle de la Estación", "Avenida del Puerto", "Calle Mayor", "Paseo de los Tilos"],
    "fi": ["Asemakatu", "Koulukatu", "Puistokatu", "Satamatie"],
    "fr": ["Rue de la Gare", "Avenue du Port", "Rue des Tilleuls", "Place du Marché", "Rue de l'École"],
    "it": ["Via della Stazione", "Corso Porta Nuova", "Via dei Tigli", "Piazza del Mercato"],
    "nl": ["Stationsstraat", "Schoolstraat", "Havenweg", "Lindelaan", "Marktplein"],
    "no": ["Jernbanegata", "Skolegata", "Havnegata", "Lindeveien"],
    "pl": ["Dworcowa", "Szkolna", "Ogrodowa", "Lipowa"],
    "pt": ["Rua da Estação", "Avenida do Porto", "Rua das Tílias", "Praça do Mercado"],
    "sv": ["Järnvägsgatan", "Skolgatan", "Hamngatan", "Lindvägen"],
}
