"""The story of the demo: what happens, step by step, and what must come of it.

Each step asks the running broker over HTTP and compares what came with what was told beforehand.
The dossiers of 2023 are decided as they stood then; the live questions go through both doors.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from broker.cli.demo import history
from broker.cli.demo.history import POLITIEGEGEVENS
from broker.cli.demo.toneel import (
    BINNEN,
    ZAAK,
    Stap,
    Toneel,
    besluit_codes,
    bron_of,
    codes,
    released,
)
from broker.seeds import ZaakSeed

# A published BRP test person, who lives outside Zaandam-Oost.
BUITEN: Final = "999992971"
CREATED: Final = 201


def play(toneel: Toneel, zaken: Sequence[ZaakSeed], told: Callable[[Stap], None]) -> bool:
    """Play all steps up to the log; tell each as it went. True when all went as told."""
    meeting = history.meeting_dossier(next(z for z in zaken if z.id == history.ZAAK_2023))
    past = (history.meeting, history.all_names, history.top_ten)
    live = (
        _granted,
        _municipal,
        _outside,
        _phase_two,
        _police_waits,
        _police_released,
        _informant,
        _partner_down,
        _ended,
    )
    steps = [
        *(functools.partial(step, toneel, meeting) for step in past),
        *(functools.partial(step, toneel) for step in live),
    ]
    goed = True
    for step in steps:
        stap = step()
        told(stap)
        goed = goed and stap.goed
    return goed


def _granted(toneel: Toneel) -> Stap:
    answer = toneel.ask(
        "g-017",
        taak="huisvestingswet",
        bronnen=["nla"],
        categorieen=["identificatie", "toezicht-handhaving"],
    )
    kinds = released(answer, "nla")
    return _stap(
        "Vandaag, onder de WGS: dezelfde vraag aan de Arbeidsinspectie",
        "het antwoord, met alleen identificatie en toezicht-handhaving",
        answer["status"] == CREATED
        and set(kinds) == {"identificatie", "toezicht-handhaving"}
        and bool(bron_of(answer, "nla")["bewijs"]),
        answer,
        "nla",
    )


def _municipal(toneel: Toneel) -> Stap:
    answer = toneel.ask(
        "n-008",
        taak="arbeidswetten",
        bronnen=["zaanstad-college"],
        categorieen=["identificatie"],
        vraagstelling="Onder welke naam en geboortedatum staat betrokkene in de BRP?",
    )
    items = bron_of(answer, "zaanstad-college").get("gegevens") or [{}]
    content = items[0].get("inhoud", {})
    return _stap(
        "De Arbeidsinspectie vraagt de gemeente: uit de BRP komt alleen wat is toegewezen",
        "nummer, naam, geslacht en geboorte, en geen adres",
        answer["status"] == CREATED and "naam" in content and "verblijfplaats" not in content,
        answer,
        "zaanstad-college",
    )


def _outside(toneel: Toneel) -> Stap:
    answer = toneel.ask(
        "g-017",
        taak="huisvestingswet",
        bronnen=["nla"],
        categorieen=["identificatie"],
        betrokkene={"bsn": BUITEN},
    )
    return _stap(
        "Iemand die buiten Zaandam-Oost woont",
        "geweigerd: buiten het gebied van het handhavingsknelpunt",
        codes(answer, "nla") == {"buiten-gebied"} and not released(answer, "nla"),
        answer,
        "nla",
    )


def _phase_two(toneel: Toneel) -> Stap:
    answer = toneel.post(
        "am-riec-1",
        f"/handhavingsknelpunten/{ZAAK}/fasebesluiten",
        {"fase": 2, "noodzaak": "De signalen zijn bevestigd bij twee controles."},
    )
    return Stap(
        titel="De accountmanager legt het besluit voor fase 2 vast",
        verwacht="vastgelegd",
        goed=answer.is_success,
        gezien={"status": answer.status_code},
    )


def _police_waits(toneel: Toneel) -> Stap:
    answer = _ask_police(toneel)
    return _stap(
        "Politiegegevens over betrokkene",
        "wacht op het bevoegd gezag; de politie is nog niets gevraagd",
        codes(answer, "politie-nh") == {"bevoegd-gezag-ontbreekt"}
        and not released(answer, "politie-nh"),
        answer,
        "politie-nh",
    )


def _police_released(toneel: Toneel) -> Stap:
    given = toneel.post(
        "ovj-4",
        "/instemmingen",
        {
            "soort": "bevoegd-gezag",
            "zaak": ZAAK,
            "betrokkene": {"bsn": BINNEN},
            "categorieen": [POLITIEGEGEVENS],
        },
    )
    answer = _ask_police(toneel)
    return _stap(
        "De officier van justitie stemt in, en de vraag wordt opnieuw gesteld",
        "twee mutaties komen door; wat verwijderd of te oud is, blijft achter",
        given.is_success and released(answer, "politie-nh") == [POLITIEGEGEVENS] * 2,
        answer,
        "politie-nh",
    )


def _informant(toneel: Toneel) -> Stap:
    """The requester is told nothing of it; only the privacyfunctionaris sees it in the record."""
    asked = toneel.get("g-017", "/verzoeken").json()
    last = asked[0]["id"]
    shown = toneel.get("g-017", f"/verzoeken/{last}/besluiten").json()
    whole = toneel.get("fg-1", f"/verzoeken/{last}/besluiten").json()
    held = [b for b in whole if "categorie-uitgesloten" in besluit_codes(b["besluit"])]
    told = [b for b in shown if "categorie-uitgesloten" in besluit_codes(b["besluit"])]
    return Stap(
        titel="Een gegeven met label Wpg 12 (informant) zat in het antwoord van de politie",
        verwacht="tegengehouden bij deur 2; de vrager hoort niet dat het bestaat (dit is wat de "
        "privacyfunctionaris ziet)",
        goed=bool(held) and not told,
        gezien={"in het logboek": len(held), "bij de vrager": len(told)},
        besluit=held[-1]["besluit"] if held else None,
    )


def _partner_down(toneel: Toneel) -> Stap:
    answer = toneel.ask(
        "g-017",
        taak="huisvestingswet",
        soort="treffer-geen-treffer",
        bronnen=["uwv", "nla"],
        categorieen=["inkomen", "toezicht-handhaving"],
    )
    down, up = bron_of(answer, "uwv"), bron_of(answer, "nla")
    return _stap(
        "Het UWV is onbereikbaar; de vraag ging ook naar de Arbeidsinspectie",
        "het UWV: onbereikbaar; de Arbeidsinspectie: een treffer",
        down.get("fout") == "bron-onbereikbaar" and up.get("treffer") is True,
        answer,
        "nla",
    )


def _ended(toneel: Toneel) -> Stap:
    ended = toneel.post("am-riec-1", f"/handhavingsknelpunten/{ZAAK}/beeindiging", {})
    answer = toneel.ask(
        "g-017", taak="huisvestingswet", bronnen=["nla"], categorieen=["identificatie"]
    )
    return _stap(
        "De accountmanager beëindigt het handhavingsknelpunt, en de analist vraagt het nog eens",
        "de eerste vraag daarna is geweigerd",
        ended.is_success and codes(answer, "nla") == {"zaak-beeindigd"},
        answer,
        "nla",
    )


def _ask_police(toneel: Toneel) -> dict[str, Any]:
    return toneel.ask(
        "g-017",
        taak="huisvestingswet",
        bronnen=["politie-nh"],
        categorieen=[POLITIEGEGEVENS],
        vraagstelling="Welke meldingen van uitbuiting zijn er over deze glazenwasser?",
    )


def _stap(titel: str, verwacht: str, goed: bool, answer: Mapping[str, Any], bron: str) -> Stap:
    part = bron_of(answer, bron)
    seen = {
        "doorgelaten": [
            f"{item['categorie']} ({', '.join(item['inhoud']) or 'een treffer'})"
            for item in part.get("gegevens") or ()
        ],
        "melding": next(
            (b["melding"] for b in answer.get("bronnen", ()) if b.get("melding")), None
        ),
    }
    return Stap(
        titel=titel,
        verwacht=verwacht,
        goed=goed,
        gezien={name: fact for name, fact in seen.items() if fact not in (None, [])},
        besluit=part.get("besluit"),
    )
