"""The story of the demo: what happens, step by step, and what must come of it.

Each step asks the running broker over HTTP and compares what came with what was told beforehand.
The dossiers of 2023 are decided as they stood then; the live questions go through both doors.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from broker.seeds import ZaakSeed

ZAAK: Final = "hhk-zaandam-oost-2026"
ZAAK_2023: Final = "hhk-zaandam-oost-2023"
MEETING: Final = "2023-06-28T15:30:00+02:00"
# Published BRP test persons.
BINNEN: Final = "999993653"
BUITEN: Final = "999992971"
POLITIEGEGEVENS: Final = "politiegegevens-8-13"
CREATED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Stap:
    """One step as it went: `goed` only when everything came as told."""

    titel: str
    verwacht: str
    goed: bool
    gezien: Mapping[str, Any] = field(default_factory=dict)
    besluit: Mapping[str, Any] | None = None


class Toneel:
    """The running broker, and who speaks to it."""

    def __init__(self, base_url: str, tokens: Mapping[str, str]) -> None:
        self._client = httpx2.Client(base_url=f"{base_url}/v1", timeout=30)
        self._tokens = tokens

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, wie: str, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        """Send a body as this person."""
        return self._client.post(path, json=dict(body), headers=self._headers(wie))

    def get(self, wie: str, path: str) -> httpx2.Response:
        """Read something as this person."""
        return self._client.get(path, headers=self._headers(wie))

    def ask(self, wie: str, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - plain JSON
        """Put a live question of the WGS, and return the answer."""
        body = {
            "zaak": ZAAK,
            "grondslag": "wgs-riec",
            "activiteit": "hhk",
            "soort": "bevraging",
            "doel": ["bestuurlijk"],
            "verschijnsel": "mensenhandel",
            "vraagstelling": "Is betrokkene bekend als tewerkgestelde in de glazenwassersbranche?",
            "aantal_betrokkenen": 1,
            "betrokkene": {"bsn": BINNEN},
            **parts,
        }
        answer = self.post(wie, "/verzoeken", body)
        return {"status": answer.status_code, **answer.json()}

    def _headers(self, wie: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[wie]}"}


def play(toneel: Toneel, zaken: Sequence[ZaakSeed], told: Callable[[Stap], None]) -> bool:
    """Play all steps up to the log; tell each as it went. True when all went as told."""
    meeting = _meeting_dossier(next(z for z in zaken if z.id == ZAAK_2023))
    history = (_meeting, _all_names, _top_ten)
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
        *(functools.partial(step, toneel, meeting) for step in history),
        *(functools.partial(step, toneel) for step in live),
    ]
    goed = True
    for step in steps:
        stap = step()
        told(stap)
        goed = goed and stap.goed
    return goed


def _meeting_dossier(zaak: ZaakSeed) -> dict[str, Any]:
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


def _meeting(toneel: Toneel, dossier: Mapping[str, Any]) -> Stap:
    return _judged(
        toneel,
        dossier,
        "28 juni 2023: het college vraagt de Arbeidsinspectie naar één glazenwassersbedrijf",
        ("toegewezen", ()),
    )


def _all_names(toneel: Toneel, dossier: Mapping[str, Any]) -> Stap:
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


def _top_ten(toneel: Toneel, dossier: Mapping[str, Any]) -> Stap:
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


def _granted(toneel: Toneel) -> Stap:
    answer = toneel.ask(
        "g-017",
        taak="huisvestingswet",
        bronnen=["nla"],
        categorieen=["identificatie", "toezicht-handhaving"],
    )
    kinds = _released(answer, "nla")
    return _stap(
        "Vandaag, onder de WGS: dezelfde vraag aan de Arbeidsinspectie",
        "het antwoord, met alleen identificatie en toezicht-handhaving",
        answer["status"] == CREATED
        and set(kinds) == {"identificatie", "toezicht-handhaving"}
        and bool(_bron(answer, "nla")["bewijs"]),
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
    items = _bron(answer, "zaanstad-college").get("gegevens") or [{}]
    content = items[0].get("inhoud", {})
    return _stap(
        "De Arbeidsinspectie vraagt de gemeente: uit de BRP komt alleen wat is toegewezen",
        "naam en geboorte, en geen adres",
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
        _codes(answer, "nla") == {"buiten-gebied"} and not _released(answer, "nla"),
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
        _codes(answer, "politie-nh") == {"bevoegd-gezag-ontbreekt"}
        and not _released(answer, "politie-nh"),
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
        "twee mutaties komen door; verwijderd, te oud en fout gelabeld blijft achter",
        given.is_success and _released(answer, "politie-nh") == [POLITIEGEGEVENS] * 2,
        answer,
        "politie-nh",
    )


def _informant(toneel: Toneel) -> Stap:
    """The requester is told nothing of it; only the privacyfunctionaris sees it in the record."""
    asked = toneel.get("g-017", "/verzoeken").json()
    last = asked[0]["id"]
    shown = toneel.get("g-017", f"/verzoeken/{last}/besluiten").json()
    whole = toneel.get("fg-1", f"/verzoeken/{last}/besluiten").json()
    held = [b for b in whole if "categorie-uitgesloten" in _besluit_codes(b["besluit"])]
    told = [b for b in shown if "categorie-uitgesloten" in _besluit_codes(b["besluit"])]
    return Stap(
        titel="Een gegeven met label Wpg 12 (informant) zat in het antwoord van de politie",
        verwacht="tegengehouden bij deur 2; de vrager hoort niet dat het bestaat",
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
    down, up = _bron(answer, "uwv"), _bron(answer, "nla")
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
        ended.is_success and _codes(answer, "nla") == {"zaak-beeindigd"},
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
        and _besluit_codes(besluit) == set(codes),
        gezien={} if answer.is_success else {"status": answer.status_code},
        besluit=besluit if "uitkomst" in besluit else None,
    )


def _stap(titel: str, verwacht: str, goed: bool, answer: Mapping[str, Any], bron: str) -> Stap:
    part = _bron(answer, bron)
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


def _bron(answer: Mapping[str, Any], organisatie: str) -> dict[str, Any]:
    found = (b for b in answer.get("bronnen", ()) if b["organisatie"] == organisatie)
    return next(found, {})


def _released(answer: Mapping[str, Any], organisatie: str) -> list[str]:
    return [item["categorie"] for item in _bron(answer, organisatie).get("gegevens") or ()]


def _codes(answer: Mapping[str, Any], organisatie: str) -> set[str]:
    return _besluit_codes(_bron(answer, organisatie).get("besluit") or {})


def _besluit_codes(besluit: Mapping[str, Any]) -> set[str]:
    return {grond["code"] for grond in besluit.get("weigeringsgronden", ())}


def _politie() -> dict[str, str]:
    return {"organisatie": "politie-nh", "deelnemer": "politie"}
