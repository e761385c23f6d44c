"""What was agreed within a zaak is for who works in it, on whatever basis is asked."""

from typing import Any, Final

import pytest

from broker.domain.ports import Gegeven, Identiteit
from tests.api.conftest import World

ZAAK: Final = "hhk-zaandam-oost-2026"
POLITIE: Final = "politiegegevens-8-13"
SUBJECT, STRANGER = "999993653", "999992971"
BILATERAAL: Final = {
    "grondslag": "wpg-19",
    "zaak": ZAAK,
    "soort": "bevraging",
    "vraagstelling": "Welke meldingen zijn er over deze persoon bij de politie?",
    "categorieen": [POLITIE],
    "bronnen": ["politie-nh"],
}
MELDING: Final = Gegeven(
    id="pl-1",
    categorie=POLITIE,
    herkomst="politie-nh",
    herkomst_deelnemer="politie",
    wpg_artikel="8",
    status="beschikbaar",
    eerste_verwerking_op="2026-05-01",
    inhoud={"tekst": "x"},
)


async def agreed(world: World, who: str, soort: str, **more: Any) -> None:  # noqa: ANN401
    """Record a yes in the zaak on the subject."""
    body = {"soort": soort, "zaak": ZAAK, "betrokkene": {"bsn": SUBJECT}, **more}
    assert (await world.call("POST", "/instemmingen", who, body)).status_code == 201


async def left(world: World) -> None:
    """Let the Belastingdienst leave the zaak."""
    ended = {"organisatie": "belastingdienst", "deelnemer": "rijksbelastingdienst"}
    path = f"/handhavingsknelpunten/{ZAAK}/deelnemers/beeindiging"
    assert (await world.call("POST", path, "am-riec-1", ended)).is_success


async def besluit(world: World, who: str, taak: str, body: dict[str, Any], bsn: str) -> Any:  # noqa: ANN401
    """Return the besluit on one source."""
    asked = {**body, "taak": taak, "betrokkene": {"bsn": bsn}}
    return (await world.ask(asked, who)).json()["bronnen"][0]["besluit"]


@pytest.mark.parametrize("gone", [True, False])
async def test_consent_in_a_zaak_opens_nothing_outside_it(world: World, *, gone: bool) -> None:
    """Who left the zaak, or only sits in, gets nothing by its consents; who works in it does."""
    world.bronnen["politie-nh"].gegevens = (MELDING,)
    await agreed(world, "ovj-4", "bevoegd-gezag", categorieen=[POLITIE])
    if gone:
        await left(world)

    inside = await besluit(world, "g-017", "huisvestingswet", BILATERAAL, SUBJECT)
    outside = [await besluit(world, "bd-005", "awr", BILATERAAL, b) for b in (SUBJECT, STRANGER)]

    assert inside["uitkomst"] == "toegewezen"
    assert outside[0]["uitkomst"] == "instemming-vereist"
    assert outside[0] == outside[1]


@pytest.mark.parametrize("gone", [True, False])
async def test_consent_shows_no_outsider_whom_a_zaak_is_about(world: World, *, gone: bool) -> None:
    """Whether a source had a hit on the subject is told to nobody who does not work in the zaak."""
    await agreed(world, "u-220", "leverancier")
    if gone:
        await left(world)
    asked = {
        **BILATERAAL,
        "grondslag": "wgs-riec",
        "activiteit": "hhk",
        "doel": ["bestuurlijk"],
        "verschijnsel": "mensenhandel",
        "categorieen": ["identificatie"],
        "aantal_betrokkenen": 1,
        "bronnen": ["uwv"],
    }
    subject, stranger = [
        await besluit(world, "bd-005", "awr", asked, bsn) for bsn in (SUBJECT, STRANGER)
    ]
    evaluated = [
        (
            await world.client.post(
                "/access/v1/evaluation",
                headers={"Authorization": "Bearer token-bd-005"},
                json={
                    "subject": {"type": "gebruiker", "id": "bd-005"},
                    "action": {
                        "name": "bevraging",
                        "properties": {
                            "taak": "awr",
                            **{k: v for k, v in asked.items() if k not in {"zaak", "bronnen"}},
                        },
                    },
                    "resource": {
                        "type": "betrokkene",
                        "id": world.services.pseudoniem.sleutel(Identiteit(bsn=bsn)),
                        "properties": {"zaak": ZAAK, "bron": "uwv"},
                    },
                },
            )
        ).json()
        for bsn in (SUBJECT, STRANGER)
    ]

    assert subject == stranger
    assert evaluated[0] == evaluated[1]
    assert evaluated[0]["decision"] is False
