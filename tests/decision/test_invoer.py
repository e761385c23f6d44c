"""What is wrong with a dossier is told in Dutch, with a pointer, all at once."""

import copy
import datetime as dt
import json
from contextlib import suppress
from typing import Any, Final

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from broker.decision.register import default_root
from broker.domain import invoer
from broker.domain.dossier import Dossier
from broker.domain.schema import dossier_schema
from broker.errors import Fout, InvalidInputError
from tests.decision.gevallen import bases, cases, merge
from tests.decision.maker import places

SCHEMA: Final = default_root() / "docs" / "dossier.schema.json"
ONBEKEND: Final = "Dit onderdeel bestaat niet. Kijk of de naam goed is gespeld."
TEKST: Final = "Hier hoort tekst te staan."
GETAL: Final = "Hier hoort een geheel getal te staan."
LIJST: Final = "Hier hoort een lijst te staan."
DEEL: Final = "Hier hoort een onderdeel met eigen velden te staan."
DATUM: Final = "Dit is geen datum. Schrijf een datum als 2026-11-20."
MOMENT: Final = "Dit is geen moment met tijdzone. Schrijf het als 2026-11-20T10:00:00+01:00."
TIJDSTIP: Final = "Dit is geen datum en geen moment met tijdzone. Schrijf 2026-11-20."
DUUR: Final = "Dit is geen duur. Schrijf een jaar als P1Y en zes maanden als P6M."
ALLEEN_DEUR_2: Final = "Gegevens horen alleen bij deur 'verstrekking'."
RESULTAAT: Final = "Een resultaat delen wordt alleen bij deur 'verstrekking' beslist."
MINIMAL: Final = {"versie": 1, "deur": "verzoek", "moment": "2026-11-20T10:00:00+01:00"}


def kies(options: str) -> str:
    """Return the sentence on a value that is none of these."""
    return f"Deze waarde mag hier niet. Kies uit: {options}."


def wrong(data: object) -> list[tuple[str, str]]:
    """Return what is wrong with this dossier: pointers and sentences."""
    with pytest.raises(InvalidInputError) as caught:
        invoer.parse(data)
    return told(caught.value.fouten)


def errors(data: object) -> list[str]:
    """Return where this dossier is wrong; nowhere when it is well formed."""
    try:
        invoer.parse(data)
    except InvalidInputError as error:
        return [fout.pointer for fout in error.fouten]
    return []


def told(fouten: tuple[Fout, ...]) -> list[tuple[str, str]]:
    """Return each error as a pair."""
    return [(fout.pointer, fout.melding) for fout in fouten]


def unreadable(text: str | bytes, *, as_yaml: bool = False) -> str:
    """Return the one sentence on a text that cannot be read."""
    with pytest.raises(InvalidInputError) as caught:
        invoer.load_yaml(text) if as_yaml else invoer.load_json(text)
    (fout,) = caught.value.fouten
    assert fout.pointer == ""
    return fout.melding


def test_least_dossier() -> None:
    """A dossier with only its version, door and moment is well formed: the rest is unknown."""
    assert invoer.parse(MINIMAL).zaak is None


@pytest.mark.parametrize("name", MINIMAL)
def test_what_no_dossier_can_miss(name: str) -> None:
    """Version, door and moment must be there."""
    less = {key: value for key, value in MINIMAL.items() if key != name}

    assert wrong(less) == [(f"/{name}", "Dit onderdeel is verplicht en ontbreekt.")]


def put(pointer: str, value: object) -> dict[str, Any]:
    """Return a patch that puts this value at this place; a number makes a list that long."""
    for name in reversed(pointer.split("/")[1:]):
        value = [{}] * int(name) + [value] if name.isdigit() else {name: value}
    assert isinstance(value, dict)
    return value if "gegevens" not in value else value | {"deur": "verstrekking"}


@pytest.mark.parametrize(
    ("pointer", "value", "melding"),
    [
        ("/zaken", {}, ONBEKEND),
        ("/zaak/looptijd/duurr", "P1Y", ONBEKEND),
        ("/gegevens/0/inhoud", "x", ONBEKEND),
        ("/zaak/deelnemers/1/naam", None, ONBEKEND),
        ("/vrager/gebruiker/bsn", "x", ONBEKEND),
        ("/versie", 2, kies("1")),
        ("/versie", True, GETAL),
        ("/versie", 1.0, GETAL),
        ("/versie", "1", GETAL),
        ("/deur", "open", kies("'verzoek' of 'verstrekking'")),
        ("/moment", "2026-11-20T10:00:00", MOMENT),
        ("/moment", "2026-11-20", MOMENT),
        ("/moment", "0001-01-01T00:00:00+14:00", MOMENT),
        ("/moment", 1763629200, TEKST),
        ("/moment", dt.datetime(2026, 11, 20, tzinfo=dt.UTC), TEKST),
        ("/verzoek/aantal_betrokkenen", True, GETAL),
        ("/verzoek/aantal_betrokkenen", 1.0, GETAL),
        ("/verzoek/aantal_betrokkenen", "1", GETAL),
        ("/verzoek/aantal_betrokkenen", 0, "Dit getal moet 1 of meer zijn."),
        ("/verzoek/aantal_betrokkenen", 2**53, "Dit getal is te groot."),
        ("/zaak/fase", 4, "Dit getal moet 3 of minder zijn."),
        ("/zaak/fase", 0, "Dit getal moet 1 of meer zijn."),
        ("/betrokkene/afstand", -1, "Dit getal moet 0 of meer zijn."),
        ("/verzoek/nationaliteit_onvermijdelijk", 1, "Hier hoort true of false te staan."),
        ("/verzoek/nationaliteit_onvermijdelijk", "ja", "Hier hoort true of false te staan."),
        ("/verzoek/vraagstelling", ["x"], TEKST),
        ("/verzoek/categorieen", "identificatie", LIJST),
        ("/verzoek/categorieen", [], "Deze lijst mag niet leeg zijn."),
        (
            "/verzoek/doel/0",
            "civiel",
            kies("'bestuurlijk', 'strafrechtelijk', 'fiscaal' of 'zorg'"),
        ),
        ("/verzoek/soort", "?", kies("'bevraging', 'treffer-geen-treffer' of 'resultaatdeling'")),
        ("/zaak", [], DEEL),
        ("/zaak", "hhk", DEEL),
        ("/zaak/deelnemers", {}, LIJST),
        ("/zaak/deelnemers/2", None, DEEL),
        ("/zaak/status", "open", kies("'voorgesteld', 'vastgesteld' of 'beeindigd'")),
        ("/zaak/signaal/status", "open", kies("'aangemeld', 'aanvaard' of 'afgewezen'")),
        ("/zaak/vastgesteld_op", "2026-02-30", DATUM),
        ("/zaak/vastgesteld_op", "2026-03-12T00:00:00+01:00", DATUM),
        ("/zaak/beeindigd_op", "morgen", TIJDSTIP),
        ("/zaak/beeindigd_op", "2026-03-12T00:00:00", TIJDSTIP),
        ("/zaak/looptijd/duur", "1 jaar", DUUR),
        ("/zaak/onderzoekstermijn", "PT1H", DUUR),
        ("/instemmingen/0/soort", "ja", None),
        ("/gegevens/0/wpg_artikel", "11", None),
        ("/gegevens/1/wpg_artikel", 8, None),
        ("/gegevens/0/ingebracht_op", "2026-01-01T00:00:00Z", DATUM),
        ("/gegevens/0/bewaren_tot", "2026-01-01T00:00:00Z", DATUM),
        ("/gegevens/0/eerste_verwerking_op", "2026", DATUM),
    ],
)
def test_one_error(pointer: str, value: object, melding: str | None) -> None:
    """One thing wrong is one error, at its place, in a plain Dutch sentence."""
    ((where, sentence),) = wrong(MINIMAL | put(pointer, value))

    assert where == pointer
    assert sentence.endswith(".")
    assert melding is None or sentence == melding


@pytest.mark.parametrize(
    ("patch", "pointer", "melding"),
    [
        ({"a/b~c": 1}, "/a~1b~0c", ONBEKEND),
        ({"gegevens": [{"id": "a"}]}, "/gegevens", ALLEEN_DEUR_2),
        ({"verzoek": {"soort": "resultaatdeling"}}, "/verzoek/soort", RESULTAAT),
    ],
)
def test_what_does_not_fit(patch: dict[str, Any], pointer: str, melding: str) -> None:
    """(h) A result and items are for door 2; a pointer escapes what a name may hold."""
    assert wrong(MINIMAL | patch) == [(pointer, melding)]


@pytest.mark.parametrize("data", [None, [], "dossier", 1, [MINIMAL]], ids=repr)
def test_what_is_no_dossier(data: object) -> None:
    """A dossier is one mapping."""
    assert wrong(data) == [("", DEEL)]


def test_all_errors_at_once() -> None:
    """Everything that is wrong is told, each with its own pointer, in the order of the dossier."""
    found = wrong(
        {
            "versie": 3,
            "deur": "raam",
            "moment": "nu",
            "verzoek": {"doel": "x", "categorieen": [], "sort": "bevraging"},
            "zaak": {"looptijd": {"duur": "x", "verlengingen_max": -1}, "fase": "1"},
            "gegevens": [{"ingebracht_op": "x"}, {"soort": "y"}],
            "extra": None,
        }
    )

    assert [pointer for pointer, _ in found] == [
        "/versie", "/deur", "/moment", "/verzoek/doel", "/verzoek/categorieen", "/verzoek/sort",
        "/zaak/looptijd/duur", "/zaak/looptijd/verlengingen_max", "/zaak/fase",
        "/gegevens/0/ingebracht_op", "/gegevens/1/soort", "/extra",
    ]  # fmt: skip
    assert all("waarde klopt niet" not in sentence for _, sentence in found)


@pytest.mark.parametrize(
    "patch",
    [
        {"grondslag": "iets"},
        {"verzoek": {"activiteit": "iets", "verschijnsel": "iets", "categorieen": ["iets"]}},
        {"vrager": {"deelnemer": "iets", "taak": "iets", "gebruiker": {"rol": "iets"}}},
        {"bron": {"deelnemer": "iets"}},
        {"zaak": {"deelnemers": [{"deelnemer": "iets", "rol": "iets"}]}},
    ],
)
def test_a_value_that_a_ground_judges_is_well_formed(patch: dict[str, Any]) -> None:
    """A value outside its list is no error where a ground of the contract judges it."""
    assert invoer.parse(merge(MINIMAL, patch)).versie == 1


@pytest.mark.parametrize(
    "name",
    [
        "/zaak/beeindigd_op", "/zaak/verlengingen/0/besluit_op", "/zaak/fasebesluiten/0/besluit_op",
        "/vrager/gebruiker/geautoriseerd_tot", "/vrager/gebruiker/gescreend_op",
        "/vrager/gebruiker/opgeleid_op", "/zaak/deelnemers/0/vanaf", "/zaak/deelnemers/0/tot",
        "/betrokkene/onderzoek/geopend_op", "/betrokkene/onderzoek/laatste_feit_op",
        "/betrokkene/onderzoek/beeindigd_op", "/instemmingen/0/op", "/instemmingen/0/tot",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["2026-03-12", "2026-03-12T08:00:00+01:00"])
def test_a_day_or_a_moment(name: str, text: str) -> None:
    """(a) Members whose type the contract does not fix take a date, or a moment with offset."""
    assert invoer.parse(MINIMAL | put(name, text)).versie == 1


@pytest.mark.parametrize("text", ['{"versie": 1, "versie": 1}', "versie: 1\nversie: 1"])
def test_a_member_that_stands_twice(text: str) -> None:
    """A member that stands twice is an error, for one of the two would silently be lost."""
    as_yaml = not text.startswith("{")

    assert unreadable(text, as_yaml=as_yaml) == "Het onderdeel 'versie' staat er twee keer in."


def test_a_member_that_stands_twice_deep_down() -> None:
    """Also within the dossier a member stands once."""
    text = '{"zaak": {"deelnemers": [{"rol": "kern", "x": 1, "rol": "agendalid"}]}}'

    assert unreadable(text) == "Het onderdeel 'rol' staat er twee keer in."
    assert unreadable(text, as_yaml=True) == "Het onderdeel 'rol' staat er twee keer in."


@pytest.mark.parametrize(
    ("text", "melding"),
    [
        ("{", "Dit is geen geldige JSON (regel 1, kolom 2)."),
        ('{\n "a": }', "Dit is geen geldige JSON (regel 2, kolom 7)."),
        ("", "Dit is geen geldige JSON (regel 1, kolom 1)."),
        ('{"a": NaN}', "De waarde NaN mag niet in JSON."),
        ('{"a": -Infinity}', "De waarde -Infinity mag niet in JSON."),
        ('{"a": ' + "9" * 5000 + "}", "Er staat een getal in dat te groot is."),
        ("[" * 200_000, "Dit is te diep genest."),
        ('"\\ud83d"', "Hier staat een teken dat niet mag."),
        ('{"\\ud83d": 1}', "Hier staat een teken dat niet mag."),
        (b"\xff\xfe{\x00", "Dit is geen tekst in UTF-8."),
        ('{"a": 1}'.encode("utf-16"), "Dit is geen tekst in UTF-8."),
        (b'{"a": "\xe9"}', "Dit is geen tekst in UTF-8."),
        (b'"' + b"a" * invoer.MAX_BYTES + b'"', "Dit dossier is te groot."),
    ],
    ids=range(13),
)
def test_unreadable_json(text: str | bytes, melding: str) -> None:
    """A text that is no JSON is told of in one sentence, with the place where it can be."""
    assert unreadable(text) == melding


@pytest.mark.parametrize(
    ("text", "melding"),
    [
        ("a: [", "Dit is geen geldige YAML (regel 2, kolom 1)."),  # where it ends
        ("a: b: c", "Dit is geen geldige YAML (regel 1, kolom 5)."),
        ("a: 1\n---\na: 2", "Dit is geen geldige YAML (regel 2, kolom 1)."),
        ("? [a, b]\n: 1", "De naam van een onderdeel is tekst."),
        ("!!bool misschien", "Dit is geen geldige YAML."),
        ("!!int ''", "Dit is geen geldige YAML."),
        ("!!timestamp gisteren", "Dit is geen geldige YAML."),
        ("a: !!python/object/apply:os.getcwd []", "Dit is geen geldige YAML (regel 1, kolom 4)."),
        ("\x00", "Dit is geen geldige YAML."),
        ("[" * 200_000, "Dit is te diep genest."),
        ('"\\ud83d"', "Dit is geen geldige YAML (regel 1, kolom 4)."),
        (b"\xe9", "Dit is geen tekst in UTF-8."),
        (b"#" * (invoer.MAX_BYTES + 1), "Dit dossier is te groot."),
    ],
    ids=range(13),
)
def test_unreadable_yaml(text: str | bytes, melding: str) -> None:
    """A text that is no YAML is told of in one sentence, and runs nothing."""
    assert unreadable(text, as_yaml=True) == melding


def test_yaml_leaves_dates_as_text() -> None:
    """A date or a moment without quotes stays the text that it is, with its offset."""
    text = "vastgesteld_op: 2026-03-12\nmoment: 2026-11-20T10:00:00+01:00\n"

    assert invoer.load_yaml(text) == {
        "vastgesteld_op": "2026-03-12",
        "moment": "2026-11-20T10:00:00+01:00",
    }


def test_yaml_names_are_text() -> None:
    """A member whose name is no text does not exist."""
    assert wrong(
        invoer.load_yaml("versie: 1\ndeur: verzoek\nmoment: 2026-01-01T00:00:00Z\n1: 2")
    ) == [("/1", "De naam van een onderdeel is tekst.")]


def test_a_byte_order_mark_is_no_error() -> None:
    """A file that an editor began with a byte order mark is read all the same."""
    text = b"\xef\xbb\xbf" + json.dumps(MINIMAL).encode()

    assert invoer.parse_json(text) == invoer.parse(invoer.load_yaml(text)) == invoer.parse(MINIMAL)


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_told_of(text: str) -> None:
    """No text, however odd, ends in anything but data or our own error."""
    for read in (invoer.load_json, invoer.load_yaml, invoer.parse_json):
        with suppress(InvalidInputError):
            read(text)


NESTED: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*Dossier.model_fields, "x"]), inner, max_size=3)
    ),
)


@given(value=NESTED, number=st.integers(min_value=0))
def test_any_value_at_any_place_is_read_or_told_of(value: object, number: int) -> None:
    """Whatever stands at a place of a dossier, it is read, or told of below that place."""
    data = copy.deepcopy(bases()["antwoord"])
    spots = list(places(data))
    *way, last = spots[number % len(spots)]
    inner: Any = data
    for part in way:
        inner = inner[part]
    inner[last] = value

    own = "".join(f"/{part}" for part in (*way, last))
    across = ("/verzoek/soort", "/gegevens")
    assert [f for f in errors(data) if not f.startswith(own) and f not in across] == []


def test_schema_is_fresh() -> None:
    """The published JSON Schema is the one that the dossier makes."""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == dossier_schema()


def test_schema_names_itself() -> None:
    """The JSON Schema says which dialect it is in, what it is and where it lives."""
    schema = dossier_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith("/dossier.schema.json")
    assert schema["title"] == "Dossier van Sluis"


def test_schema_accepts_every_case() -> None:
    """The JSON Schema accepts every dossier of the cases."""
    validator = jsonschema.Draft202012Validator(dossier_schema())

    refused = [str(case) for case in cases() if not validator.is_valid(dict(case.dossier))]

    assert refused == []


@pytest.mark.parametrize(
    "patch",
    [
        {"zaken": {}},
        {"zaak": {"looptijd": {"duurr": "P1Y"}}},
        {"versie": 2},
        {"deur": "open"},
        {"verzoek": {"categorieen": []}},
        {"zaak": {"fase": 4}},
        {"verzoek": {"aantal_betrokkenen": "1"}},
        {"zaak": {"status": "open"}},
    ],
)
def test_schema_refuses_what_is_malformed(patch: dict[str, Any]) -> None:
    """The JSON Schema refuses what is misspelt, of another type or outside its list."""
    validator = jsonschema.Draft202012Validator(dossier_schema())

    assert validator.is_valid(MINIMAL)
    assert not validator.is_valid(merge(MINIMAL, patch))
    assert wrong(merge(MINIMAL, patch))


def test_yaml_and_json_say_the_same() -> None:
    """A dossier in YAML is the dossier in JSON."""
    for dossier in bases().values():
        as_yaml = invoer.load_yaml(yaml.safe_dump(dossier, allow_unicode=True))
        assert invoer.parse(as_yaml) == invoer.parse_json(json.dumps(dossier))
