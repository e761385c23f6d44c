"""Made-up stores and changes for the proof that the what-if is exact, each from a number."""

import random
from dataclasses import dataclass
from typing import Any, Final

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset
from broker.decision.register import default_root
from broker.domain.ports import Identiteit
from broker.services.effect import Change, Ending, Leaving, OtherRules
from broker.services.vraag import Vraag
from tests.effect.effect_world import PARTNERS, UNANSWERED, a_vraag

NU: Final = "2024-01-20T12:00:00+01:00"
# Too long ago to run still; some days ago; and just now, so that it may be on its way.
MOMENTS: Final = ("2023-12-10T12:00:00+01:00", "2024-01-18T12:00:00+01:00", NU)
PEIL: Final = "2024-01-20T12:02:00+01:00"
"""When the what-if is asked."""
PEOPLE: Final = (
    Identiteit(kvk_nummer="90000010"),
    Identiteit(kvk_nummer="90000029"),
    Identiteit(bsn="999993653"),
    Identiteit(bsn="999992971"),
)
WIJKEN: Final = ("WK047913", "WK047904", "WK036301")
VERSCHIJNSELEN: Final = ("mensenhandel", "witwassen", "drugs")
CATEGORIES: Final = (
    ["identificatie", "toezicht-handhaving"],
    ["politiegegevens-8-13", "identificatie"],
    ["fiscaal"],
    ["kadastraal", "sterrenbeeld"],
)
QUESTION: Final = "Welke meldingen van uitbuiting zijn er over deze betrokkene?"
SOORTEN: Final = ("bevoegd-gezag", "wpg-20-besluit", "convenant-verzoek", "leverancier")
Kaart = tuple[str, str, Identiteit, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class World:
    """What stands in the store at the beginning."""

    zaken: list[dict[str, Any]]
    kaarten: list[Kaart]
    instemmingen: list[tuple[dict[str, Any], Identiteit | None]]
    """Each with the subject that it is for; none: every subject of its zaak."""
    vragen: list[tuple[str, str, Vraag]]
    """When it is put, in order, by whom, and what."""
    change: Change


def other_rules() -> Regelset:
    """Return rules under which the convenant ended earlier."""
    files = dict(Regelset.from_folder(default_root()).bestanden)
    name = "grondslagen/samenwerking/riec-convenant/open.yaml"
    text = files[name].decode()
    assert "geldig_tot: 2025-03-01" in text
    files[name] = text.replace("geldig_tot: 2025-03-01", "geldig_tot: 2024-03-01").encode()
    return Regelset(bestanden=files)


def mostly(chance: random.Random, good: Any, *other: Any) -> Any:  # noqa: ANN401 - any fact
    """Choose a good fact most of the time, so that much is lawful and nothing always is."""
    return good if chance.random() < 0.85 else chance.choice(other)


def a_zaak(chance: random.Random, number: int) -> dict[str, Any]:
    """Make a zaak that mostly runs on the day of the change."""
    return {
        "id": f"hhk-{number}",
        "soort": "hhk",
        "riec": "noord-holland",
        "status": mostly(chance, "vastgesteld", "vastgesteld", "voorgesteld"),
        "vastgesteld_op": mostly(chance, "2023-06-01", "2022-12-15", "2023-02-28"),
        "looptijd": {"duur": "P1Y", "verlengingen_max": 2, "totaal_max": "P3Y"},
        "verlengingen": mostly(chance, [{"besluit_op": "2023-12-07"}], []),
        "verschijnselen": chance.sample(VERSCHIJNSELEN, chance.randint(2, 3)),
        "onderzoekstermijn": mostly(chance, "P6M", "P6M", None),
        "max_betrokkenen": 10,
        "deelnemers": [
            {
                "organisatie": name,
                "deelnemer": PARTNERS[name],
                "rol": mostly(chance, "kern", "overig", "agendalid"),
                "tot": mostly(chance, None, None, "2024-04-01"),
            }
            for name in chance.sample(sorted(PARTNERS), chance.randint(4, 6))
        ],
        "reikwijdte": {
            "gebieden": mostly(chance, ["GM0479"], ["WK047913"], []),
            "branches": mostly(chance, [], ["8122"]),
            "signalen": [],
        },
    }


def a_subject(chance: random.Random, who: Identiteit) -> dict[str, Any]:
    """Make what a kaart knows of somebody."""
    firm = who.kvk_nummer is not None
    return {
        "soort": "rechtspersoon" if firm else "natuurlijk-persoon",
        "relatie": "subject",
        "afstand": 0,
        "gebieden": [mostly(chance, "WK047913", *WIJKEN)],
        "band": ["gevestigd" if firm else "woont"],
        "branches": [mostly(chance, "8122", "5610")],
        "signalen": ["fraude"],
        "onderzoek": mostly(
            chance,
            {"geopend_op": "2023-06-01", "laatste_feit_op": "2024-01-10"},
            {"geopend_op": "2023-12-01"},
            {"geopend_op": "2023-06-01"},
            {"geopend_op": "2023-12-01", "beeindigd_op": "2024-02-01"},
        ),
    }


def a_world(seed: int) -> World:
    """Make a store from a number."""
    chance = random.Random(seed)
    zaken = [a_zaak(chance, number) for number in range(chance.randint(2, 4))]
    names = [zaak["id"] for zaak in zaken]
    kaarten = [
        (f"k-{number}-{zaak}", zaak, who, a_subject(chance, who))
        for zaak in names
        for number, who in enumerate(PEOPLE)
        if chance.random() < 0.6 or (number, zaak) == (0, "hhk-0")
    ]
    instemmingen = [_an_instemming(chance, number, names) for number in range(8)]
    vragen = [
        (op, *a_question(chance, zaken, kaarten))
        for op in sorted(mostly(chance, NU, *MOMENTS) for _ in range(10))
    ]
    return World(
        zaken=zaken,
        kaarten=kaarten,
        instemmingen=instemmingen,
        vragen=vragen,
        change=_a_change(chance, zaken, kaarten),
    )


def _an_instemming(
    chance: random.Random, number: int, zaken: list[str]
) -> tuple[dict[str, Any], Identiteit | None]:
    facts = {
        "id": f"i-{number}",
        "soort": chance.choice(SOORTEN),
        "organisatie": chance.choice(sorted(PARTNERS)),
        "door": "ovj-9",
        "op": mostly(chance, "2023-12-01", "2024-03-01"),
        "tot": chance.choice([None, None, "2024-04-15"]),
        "ingetrokken_op": mostly(chance, None, "2024-02-01"),
        "zaak": chance.choice(zaken),
    }
    return facts, chance.choice([None, *PEOPLE])


def a_question(
    chance: random.Random, zaken: list[dict[str, Any]], kaarten: list[Kaart]
) -> tuple[str, Vraag]:
    """Make a question, mostly on somebody with a kaart and between partners of the zaak."""
    named, who = mostly(chance, chance.choice(kaarten)[1:3], (zaken[0]["id"], PEOPLE[0]))
    zaak = next(each for each in zaken if each["id"] == named)
    places = [place["organisatie"] for place in zaak["deelnemers"]]
    wie, bron = mostly(chance, chance.sample(places, 2), chance.sample(sorted(PARTNERS), 2))
    return wie, a_vraag(
        who,
        wie,
        bron,
        named,
        categorieen=mostly(chance, *CATEGORIES),
        soort=mostly(chance, "bevraging", "treffer-geen-treffer"),
        verschijnsel=mostly(chance, zaak["verschijnselen"][0], *VERSCHIJNSELEN),
        vraagstelling=chance.choice([QUESTION, UNANSWERED]),
    )


def _a_change(chance: random.Random, zaken: list[dict[str, Any]], kaarten: list[Kaart]) -> Change:
    op = chance.choice(["2024-02-15", "2024-03-20", "2024-05-01"])
    zaak = chance.choice(kaarten)[1]
    named = next(each for each in zaken if each["id"] == zaak)
    kind = chance.randrange(6)
    staying = [d["organisatie"] for d in named["deelnemers"] if d["tot"] != "2024-04-01"]
    if kind == 0 and staying:
        return Leaving(op=op, organisatie=chance.choice(staying), zaak=zaak)
    if kind == 1 and staying:
        return Leaving(op=op, organisatie=chance.choice(staying))
    if kind == 2:
        return OtherRules(op=op, rules=Decider.load(other_rules()))
    return Ending(op=op, zaak=zaak)
