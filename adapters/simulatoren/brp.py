"""The made-up BRP: Personen bevragen 2.7 for the published test persons, at invented addresses.

It checks a question as the specification of the BRP says, all errors at once, and delivers exactly
the asked fields and what the BRP delivers unasked.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final, TypeAlias

import orjson
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PAD: Final = "/haalcentraal/api/brp"
TYPE: Final = "RaadpleegMetBurgerservicenummer"
VERSIE: Final = "2.7.0"
MEE: Final = ("geheimhoudingPersoonsgegevens", "opschortingBijhouding", "rni", "verificatie")
"""What is delivered unasked with every person that has it."""
ALTIJD: Final = (*MEE, "inOnderzoek", "indicatieVastgesteldVerblijftNietOpAdres")
"""What may not be asked, because it is delivered unasked."""
PARAMETERS: Final = frozenset({"type", "fields", "burgerservicenummer", "gemeenteVanInschrijving"})
BLAD: Final = {
    "Datum": ("type", "datum", "langFormaat", "jaar", "maand", "onbekend"),
    "Tabel": ("code", "omschrijving"),
}
"""Kinds of fields that are delivered whole when any part of them is asked."""
_JSON: Final = ("", "application/json", "application/json;charset=utf-8")
_ACCEPT: Final = (*_JSON, "*/*", "*/*;charset=utf-8")
_RFC: Final = "https://datatracker.ietf.org/doc/html/rfc7231#section-"
_VELD: Final = re.compile(r"[a-zA-Z0-9\._]{1,200}", re.ASCII)
_MAX_BSN: Final = 20
_MAX_FIELDS: Final = 130

Persoon: TypeAlias = dict[str, Any]
Fout: TypeAlias = dict[str, str]


def personen() -> Mapping[str, Persoon]:
    """Read the test persons, by burgerservicenummer."""
    return {persoon["burgerservicenummer"]: persoon for persoon in _yaml("brp.yaml")}


def paden() -> Mapping[str, str]:
    """Read every path that `fields` may hold, each with the path of what is then delivered."""
    return dict(_paden(_yaml("brp-persoon.yaml"), ""))


def _yaml(naam: str) -> Any:  # noqa: ANN401  (whatever stands in our own file)
    tekst = files("adapters.simulatoren").joinpath("data", naam).read_text("utf-8")
    return yaml.safe_load(tekst)


def _paden(leden: Mapping[str, Any], boven: str) -> Iterator[tuple[str, str]]:
    for naam, soort in leden.items():
        pad = boven + naam
        yield pad, pad
        if isinstance(soort, dict):
            yield from _paden(soort, f"{pad}.")
        elif soort in BLAD:
            yield from ((f"{pad}.{deel}", pad) for deel in BLAD[soort])


def app() -> Starlette:
    """Build the app."""
    bekend, mag = personen(), paden()

    async def bevraag(request: Request) -> Response:
        weigering = _media(request)
        if weigering:
            return weigering
        vraag = _lees(await request.body())
        fouten = list(_fouten(vraag, mag))
        if fouten:
            return _ongeldig(fouten)
        velden = [mag[veld] for veld in vraag["fields"]]
        gevonden = [bekend[bsn] for bsn in vraag["burgerservicenummer"] if bsn in bekend]
        gemeente = vraag.get("gemeenteVanInschrijving")
        return _json(
            {
                "type": TYPE,
                "personen": [
                    _lever(persoon, velden)
                    for persoon in gevonden
                    if gemeente in (None, persoon["gemeenteVanInschrijving"]["code"])
                ],
            }
        )

    async def landing(_: Request) -> Response:
        return _json({"naam": "BRP Personen bevragen (nagemaakt)", "versie": VERSIE})

    return Starlette(
        routes=[Route(PAD, landing), Route(f"{PAD}/personen", bevraag, methods=["POST"])]
    )


def elfproef(bsn: str) -> bool:
    """Tell whether nine digits can be a burgerservicenummer: 9a+8b+…+2h-i divides by eleven."""
    gewichten = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    som = sum(int(cijfer) * gewicht for cijfer, gewicht in zip(bsn, gewichten, strict=True))
    return som % 11 == 0 and int(bsn) > 0


def _lees(tekst: bytes) -> Persoon:
    try:
        document = orjson.loads(tekst)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _fouten(vraag: Persoon, mag: Mapping[str, str]) -> Iterator[Fout]:
    if vraag.get("type") is None:
        yield _param("type", "required", "Parameter is verplicht.")
    elif vraag["type"] != TYPE:
        yield _param("type", "value", "Waarde is geen geldig zoek type.")
    for naam in sorted(vraag.keys() - PARAMETERS):
        yield _param(naam, "unknownParam", "Parameter is niet verwacht.")
    if not _cijfers(vraag.get("gemeenteVanInschrijving", "0000"), 4):
        yield _patroon("gemeenteVanInschrijving", "[0-9]{4}")
    yield from _bsn_fouten(vraag)
    yield from _veld_fouten(vraag, mag)


def _bsn_fouten(vraag: Persoon) -> Iterator[Fout]:
    for n, bsn in (yield from _lijst(vraag, "burgerservicenummer", _MAX_BSN)):
        naam = f"burgerservicenummer[{n}]"
        if not _cijfers(bsn, 9):
            yield _patroon(naam, "[0-9]{9}")
        elif not elfproef(bsn):
            yield _param(naam, "elfproef", "Waarde voldoet niet aan elfproef.")


def _veld_fouten(vraag: Persoon, mag: Mapping[str, str]) -> Iterator[Fout]:
    for n, veld in (yield from _lijst(vraag, "fields", _MAX_FIELDS)):
        naam = f"fields[{n}]"
        if not isinstance(veld, str) or not _VELD.fullmatch(veld):
            yield _patroon(naam, _VELD.pattern)
        elif any(deel in ALTIJD for deel in veld.split(".")):
            yield _param(naam, "fields", "Parameter bevat een niet toegestane veldnaam.")
        elif veld not in mag:
            yield _param(naam, "fields", "Parameter bevat een niet bestaande veldnaam.")


def _lijst(vraag: Persoon, naam: str, hoogstens: int) -> Any:  # noqa: ANN401  (a generator)
    """Yield what is wrong with a list as a whole; return its numbered members."""
    lijst = vraag.get(naam)
    if lijst is None:
        yield _param(naam, "required", "Parameter is verplicht.")
    elif not isinstance(lijst, list):
        yield _param(naam, "array", "Parameter is geen array.")
    elif not lijst:
        yield _param(naam, "minItems", "Array bevat minder dan 1 items.")
    elif len(lijst) > hoogstens:
        yield _param(naam, "maxItems", f"Array bevat meer dan {hoogstens} items.")
    else:
        return list(enumerate(lijst))
    return []


def _cijfers(waarde: object, aantal: int) -> bool:
    """Tell whether a value is a text of so many ASCII digits."""
    return (
        isinstance(waarde, str) and len(waarde) == aantal and waarde.isascii() and waarde.isdigit()
    )


def _patroon(naam: str, patroon: str) -> Fout:
    return _param(naam, "pattern", f"Waarde voldoet niet aan patroon ^{patroon}$.")


def _param(naam: str, code: str, reden: str) -> Fout:
    return {"name": naam, "code": code, "reason": reden}


def _lever(persoon: Persoon, velden: list[str]) -> Persoon:
    uit: Persoon = {}
    for veld in velden:
        _neem(persoon, veld.split("."), uit)
    return uit | {naam: persoon[naam] for naam in MEE if naam in persoon}


def _neem(van: Persoon, pad: list[str], naar: Persoon) -> None:
    """Copy one path, through lists too, with the sign that it is under investigation."""
    naam, *rest = pad
    if naam not in van:
        return
    if van.get("inOnderzoek", {}).get(naam):
        begin = {k: w for k, w in van["inOnderzoek"].items() if k.startswith("datumIngang")}
        naar.setdefault("inOnderzoek", begin)[naam] = True
    if not rest:
        naar[naam] = van[naam]
    elif isinstance(van[naam], list):
        doelen = naar.setdefault(naam, [{} for _ in van[naam]])
        for lid, doel in zip(van[naam], doelen, strict=True):
            _neem(lid, rest, doel)
    else:
        _neem(van[naam], rest, naar.setdefault(naam, {}))


def _media(request: Request) -> Response | None:
    """Refuse other forms than JSON in UTF-8 (features zoek-fout-cases of the BRP)."""
    soort = request.headers.get("Content-Type", "").replace(" ", "").lower()
    wens = request.headers.get("Accept", "").replace(" ", "").lower()
    alleen = "Ondersteunde content type application/json, charset utf-8."
    if wens not in _ACCEPT:
        titel = "Gevraagde content type wordt niet ondersteund."
        return _probleem(406, titel, alleen, "notAcceptable", "6.5.6")
    if soort not in _JSON:
        titel = "Media Type wordt niet ondersteund."
        return _probleem(415, titel, alleen, "unsupportedMediaType", "6.5.13")
    return None


def _ongeldig(fouten: list[Fout]) -> Response:
    namen = ", ".join(fout["name"] for fout in fouten)
    return _probleem(
        400,
        "Een of meerdere parameters zijn niet correct.",
        f"De foutieve parameter(s) zijn: {namen}.",
        "paramsValidation",
        "6.5.1",
        fouten,
    )


def _probleem(
    status: int, titel: str, detail: str, code: str, deel: str, fouten: list[Fout] | None = None
) -> Response:
    document: dict[str, object] = {
        "type": _RFC + deel,
        "title": titel,
        "status": status,
        "detail": detail,
        "instance": f"{PAD}/personen",
        "code": code,
    }
    if fouten is not None:
        document["invalidParams"] = fouten
    return Response(
        orjson.dumps(document), status_code=status, media_type="application/problem+json"
    )


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type="application/json; charset=utf-8")
