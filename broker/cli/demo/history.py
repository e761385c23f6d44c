"""The first part of the story: the meeting of 28 June 2023, decided as it stood that day."""

from collections.abc import Mapping
from typing import Any, Final

from broker.cli.demo.toneel import Stap, Toneel, besluit_codes
from broker.seeds import ZaakSeed

ZAAK_2023: Final = "hhk-zaandam-oost-2023"
MEETING: Final = "2023-06-28T15:30:00+02:00"
POLITIEGEGEVENS: Final = "politiegegevens-8-13"


def meeting_dossier(zaak: ZaakSeed) -> dict[str, Any]:
    """Return the question of the meeting of 28 June 2023, as a dossier of that day."""
    return {
        "versie": 1,
        "deur": "verzoek",
        "moment": MEETING,
        "grondslag": "riec-convenant",
        "verzoek": {
            "soort": "bevraging",
            "activiteit": "hhk",
            "doel": ["bestuurlijk"],
            "verschijnsel": "mensenhandel",
            "vraagstelling": "Welke meldingen van uitbuiting zijn er over dit bedrijf?",
            "categorieen": ["identificatie", "toezicht-handhaving"],
            "aantal_betrokkenen": 1,
        },
        "vrager": {
            "organisatie": "zaanstad-college",
            "deelnemer": "college",
            "taak": "verordening",
            "gebruiker": {
                "id": "g-003",
                "rol": "verwerker",
                "geautoriseerd_tot": "2024-01-01",
                "gescreend_op": "2022-11-01",
                "opgeleid_op": "2023-01-20",
            },
        },
        "bron": {"organisatie": "nla", "deelnemer": "nla"},
        "zaak": dict(zaak.dossier),
        "betrokkene": {
            "soort": "rechtspersoon",
            "sleutel": "r-voorbeeld",
            "relatie": "subject",
            "afstand": 0,
            "gebieden": ["WK047913"],
            "band": ["gevestigd"],
            "branches": ["8122"],
            "signalen": ["arbeidsuitbuiting"],
            "onderzoek": {"geopend_op": "2023-04-12"},
        },
        "instemmingen": [],
    }


def meeting(toneel: Toneel, dossier: Mapping[str, Any]) -> Stap:
    """Play the question to the Arbeidsinspectie."""
    return _judged(
        toneel,
        dossier,
        "28 juni 2023: het college vraagt de Arbeidsinspectie naar één glazenwassersbedrijf",
        ("toegewezen", ()),
    )


def all_names(toneel: Toneel, dossier: Mapping[str, Any]) -> Stap:
    """Play the question for all 180 names."""
    verzoek = {
        **dossier["verzoek"],
        "categorieen": [POLITIEGEGEVENS],
        "aantal_betrokkenen": 180,
        "vraagstelling": "alle namen",
    }
    return _judged(
        toneel,
        {**dossier, "verzoek": verzoek, "bron": _politie()},
        "Dezelfde vergadering: alle 180 namen uit het onderzoek, gevraagd aan de politie",
        ("geweigerd", ("te-veel-betrokkenen", "vraagstelling-ontbreekt")),
    )


def top_ten(toneel: Toneel, dossier: Mapping[str, Any]) -> Stap:
    """Play the question for a top ten."""
    verzoek = {
        **dossier["verzoek"],
        "categorieen": [POLITIEGEGEVENS],
        "aantal_betrokkenen": 10,
    }
    return _judged(
        toneel,
        {**dossier, "verzoek": verzoek, "bron": _politie()},
        "Een top 10 met een duidelijke vraag wacht op het besluit van artikel 20 Wpg",
        ("instemming-vereist", ("wpg-20-besluit-ontbreekt",)),
    )


def _judged(
    toneel: Toneel, dossier: Mapping[str, Any], titel: str, told: tuple[str, tuple[str, ...]]
) -> Stap:
    answer = toneel.post("g-017", "/toetsingen", dossier)
    body = answer.json()
    besluit = body.get("besluit", body)
    uitkomst, codes = told
    return Stap(
        titel=titel,
        verwacht=uitkomst,
        goed=answer.is_success
        and besluit.get("uitkomst") == uitkomst
        and besluit_codes(besluit) == set(codes),
        gezien={} if answer.is_success else {"status": answer.status_code},
        besluit=besluit if "uitkomst" in besluit else None,
    )


def _politie() -> dict[str, str]:
    return {"organisatie": "politie-nh", "deelnemer": "politie"}
