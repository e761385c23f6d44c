"""A small made-up world for the tests of the store: partners, people, one zaak, one subject."""

import datetime as dt
from typing import Any

from broker.store import Store, Tx

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
PARTNERS = {
    "zaanstad-college": "college",
    "politie-nh": "politie",
    "nla": "nla",
    "uwv": "uwv",
}
GEBRUIKER = {
    "id": "g-017",
    "rol": "verwerker",
    "geautoriseerd_tot": "2027-03-01",
    "gescreend_op": "2025-02-11",
    "opgeleid_op": "2025-09-30",
}
ZAAK: dict[str, Any] = {
    "id": "hhk-2026",
    "soort": "hhk",
    "riec": "noord-holland",
    "status": "vastgesteld",
    "vastgesteld_op": "2026-03-12",
    "vastgesteld_door": "stuurgroep",
    "looptijd": {"duur": "P1Y", "verlengingen_max": 2, "totaal_max": "P3Y"},
    "verlengingen": [],
    "verschijnselen": ["mensenhandel", "witwassen"],
    "fase": 1,
    "fasebesluiten": [],
    "signaal": {"id": "s-1", "status": "aanvaard"},
    "onderzoekstermijn": "P6M",
    "max_betrokkenen": 10,
    "deelnemers": [
        {"organisatie": "zaanstad-college", "deelnemer": "college", "rol": "kern"},
        {"organisatie": "nla", "deelnemer": "nla", "rol": "kern", "vanaf": "2026-04-01"},
    ],
    "reikwijdte": {"gebieden": ["WK047912"], "branches": [], "signalen": ["witwassen"]},
}
BETROKKENE: dict[str, Any] = {
    "soort": "natuurlijk-persoon",
    "sleutel": "p-7f3a",
    "relatie": "subject",
    "afstand": 0,
    "gebieden": ["WK047912"],
    "band": ["woont"],
    "branches": ["8122"],
    "signalen": ["arbeidsuitbuiting"],
    "onderzoek": {"geopend_op": "2026-09-01"},
}


async def fill(store: Store) -> None:
    """Record the world."""
    async with store.begin() as tx:
        for partner, deelnemer in PARTNERS.items():
            await tx.organisaties.insert(partner, naam=partner, deelnemers=[deelnemer])
        await tx.gebruikers.insert(
            GEBRUIKER
            | {"organisatie": "zaanstad-college", "deelnemer": "college", "functie": "analist"}
        )
        await tx.signalen.report(
            {
                "id": "s-1",
                "melder": "nla",
                "omschrijving": "Glazenwassers zonder contract.",
                "gemeld_op": "2026-02-01",
            }
        )
        await tx.signalen.weigh("s-1", status="aanvaard", door="g-900", op="2026-02-20")
        await tx.zaken.insert(ZAAK | {"titel": "HHK Zaandam-Oost 2026"})
        await tx.persoonskaarten.open(kaart="k-1", zaak="hhk-2026", betrokkene=BETROKKENE)


def a_verzoek(**changes: object) -> dict[str, Any]:
    """Make a verzoek."""
    return {
        "id": "v-1",
        "kenmerk": "vraag-1",
        "gebruiker": "g-017",
        "organisatie": "zaanstad-college",
        "zaak": "hhk-2026",
        "sleutel": "p-7f3a",
        "grondslag": "wgs-riec",
        "body": {"vraagstelling": "Is betrokkene bekend als werkgever?", "bronnen": ["nla"]},
        "ontvangen_op": NOW,
        **changes,
    }


def a_besluit(**changes: object) -> dict[str, Any]:
    """Make a besluit."""
    return {
        "id": "b-1",
        "verzoek": "v-1",
        "bron": "nla",
        "deur": "verzoek",
        "moment": NOW,
        "uitkomst": "toegewezen",
        "dossier": '{"versie":1}',
        "besluit": '{"uitkomst":"toegewezen"}',
        "versies": {"regels": "sha256:1"},
        **changes,
    }


def a_beslislogregel(**changes: object) -> dict[str, Any]:
    """Make the record of the decision that came to a besluit."""
    return {
        "id": "b-1",
        "trace_id": "0" * 31 + "1",
        "span_id": "0" * 15 + "1",
        "moment": NOW,
        "gebruiker": "g-017",
        "organisatie": "zaanstad-college",
        "besluit": "b-1",
        "regel": "{}",
        **changes,
    }


def an_instemming(**changes: object) -> dict[str, Any]:
    """Make an instemming for every subject of the zaak."""
    return {
        "id": "i-1",
        "soort": "bevoegd-gezag",
        "organisatie": "politie-nh",
        "door": "ovj-4",
        "op": "2026-11-19",
        "zaak": "hhk-2026",
        **changes,
    }


async def versie(tx: Tx) -> int:
    """Return the version of the zaak."""
    found: int = (await tx.zaken.get("hhk-2026"))["versie"]
    return found
