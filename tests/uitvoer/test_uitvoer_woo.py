"""The Woo: each redaction has its ground, burnt in; nothing of what was left out is left."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import Soort
from audit.merkle import leaf_hash
from broker.decision.register import default_root
from broker.errors import InvalidInputError
from broker.services.uitvoer.woo import (
    Keuze,
    Openbaarheid,
    Redactie,
    Redactieregels,
    check_choices,
    stukken,
)
from broker.services.uitvoer.woo_vorm import Publicatie
from tests.uitvoer.gevallen import BEKEND, SLEUTEL, Regel, gevraagd, regel, verstrekt

ROOT = default_root()
DATA = yaml.safe_load((ROOT / "grondslagen/woo-redactie/2022-05-01.yaml").read_text("utf-8"))
REGELS = Redactieregels.parse(DATA)
# All grounds of Woo 5.1 and 5.2, as in the notes on the law.
CODES = [
    *(f"5.1.1.{letter}" for letter in "abcde"),
    *(f"5.1.2.{letter}" for letter in "abcdefghi"),
    "5.1.4",
    "5.1.5",
    "5.2.1",
]
REASON = "Dit belang weegt zwaarder dan openbaarheid."
BSN = "999993653"


def publish(*lines: Regel, keuzes: tuple[Keuze, ...] = ()) -> dict[str, str]:
    """Return the files of these lines."""
    found = list(stukken(lines, REGELS, BEKEND, keuzes))
    return Publicatie(stukken=found, regels=REGELS, controlepunt="naam\n1\nwortel\n").files()


def everything(files: dict[str, str]) -> str:
    """Return all bytes of the files, also with the escapes of JSON and HTML undone."""
    plain = "".join(files.values())
    return plain + plain.encode().decode("unicode_escape", "replace") + _unescaped(plain)


def _unescaped(text: str) -> str:
    return text.replace("&amp;", "&").replace("&#x27;", "'").replace("&quot;", '"')


def test_grounds_are_those_of_the_law() -> None:
    """The file has exactly the grounds of the law, each with its rule in the file of the Woo."""
    law = (
        yaml.safe_load((ROOT / "grondslagen/wet/woo/open.yaml").read_text("utf-8"))
        if (ROOT / "grondslagen/wet/woo/open.yaml").exists()
        else _law(ROOT / "grondslagen/wet/woo")
    )
    rules = {rule["id"] for rule in law["regels"]}

    assert [grond.code for grond in REGELS.gronden] == CODES
    for grond in REGELS.gronden:
        assert grond.regel in rules
        assert grond.regel.removeprefix("woo-").replace("-", ".") == grond.code
    relative = {grond.code for grond in REGELS.gronden if grond.aard == "relatief"}
    assert relative == {code for code in CODES if code.startswith("5.1.2.")}


def _law(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def test_each_redaction_has_its_ground_and_reason() -> None:
    """What is left out carries a ground of the list, and a weighed one its reason."""
    _, stuk = stukken(verstrekt(0), REGELS, BEKEND)

    told = {veld.naam: veld for veld in stuk.velden}
    assert told["organisatie"].shown == "zaanstad-college"
    assert told["sleutel"].shown == "[5.1.1.d]"
    assert told["gebruiker"].shown == "[5.1.2.e]"
    assert told["zaak"].shown == "[5.1.2.d]"
    for veld in stuk.velden:
        assert (veld.tekst is None) == (veld.redactie is not None)
        if veld.redactie is not None:
            assert REGELS.wrong(veld.redactie) is None
    assert stuk.besluit is Openbaarheid.DEELS
    assert stuk.gronden == ("5.1.1.d", "5.1.2.c", "5.1.2.d", "5.1.2.e")


def test_inventory_lists_every_document() -> None:
    """The inventory has number, date, kind, decision and grounds of each, in each form the same."""
    files = publish(
        *verstrekt(0),
        regel(2, Soort.INZAGE, "i-1", wat="beslislogboek"),
        regel(3, Soort.WIJZIGING, "w-1", wat="zaak-nieuw"),
        keuzes=(Keuze(regel=3, veld=None, redactie=Redactie(gronden=("5.1.1.b",))),),
    )

    rows = list(csv.reader(io.StringIO(files["inventarislijst.csv"], newline="")))
    assert rows == [
        ["nummer", "datum", "soort", "besluit", "gronden"],
        ["1", "2026-11-20", "voornemen", "deels openbaar", "5.1.1.d, 5.1.2.c, 5.1.2.d, 5.1.2.e"],
        ["2", "2026-11-20", "verstrekking", "deels openbaar", "5.1.1.d, 5.1.2.c, 5.1.2.d, 5.1.2.e"],
        ["3", "2026-11-20", "inzage", "openbaar", ""],
        ["4", "2026-11-20", "wijziging", "niet openbaar", "5.1.1.b"],
    ]
    told = json.loads(files["stukken.json"])["inventarislijst"]
    assert [row["besluit"] for row in told] == ["deels", "deels", "openbaar", "niet"]
    for row in rows[1:]:
        cells = "".join(f"<td>{cell}</td>" for cell in row[1:])
        assert f'<tr><th scope="row">{row[0]}</th>{cells}</tr>' in files["stukken.html"]
    assert "zaak-nieuw" not in everything(files)


def test_nothing_is_hidden_in_the_page() -> None:
    """The page has no comment, script, hidden element or attribute that could carry text."""
    text = publish(*verstrekt(0))["stukken.html"]

    for way in ("<!--", "<script", "hidden", "display:none", "data-", "title=", "alt=", "<input"):
        assert way not in text


def test_documents_can_be_found_in_the_log() -> None:
    """Each document names its place and the hash of its leaf, and not the leaf itself."""
    line = regel(5, Soort.INZAGE, "i-1", wat="beslislogboek")

    files = publish(line)

    assert f"Regel 5 van het logboek, hash {leaf_hash(line.leaf).hex()}." in files["stukken.html"]
    assert line.leaf.decode() not in everything(files)


IDENTIFIERS = [
    SLEUTEL,
    BSN,
    "9999.93.653",
    "Jan de Vries",
    "g-017",
    "Kerkstraat 1",
    "<b>Jan</b>",
    "v-abcdefgh",
    '"Jan"',
    "kenteken 12-AB-34",
]


@given(
    st.dictionaries(
        st.sampled_from([*gevraagd(), "onbekend", "wat", "reden", "fout", "x<y"]),
        st.recursive(
            st.sampled_from(IDENTIFIERS),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(IDENTIFIERS), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=8,
    )
)
def test_no_identifier_is_left_wherever_it_stood(payload: dict[str, Any]) -> None:
    """Whatever member holds an identifier, known or not, nothing of it is in any byte."""
    text = everything(publish(regel(0, Soort.VERSTREKKING, "v-abcdefgh/1", **payload)))

    assert [found for found in IDENTIFIERS if found in text] == []


def test_person_may_close_more_and_open_what_was_weighed() -> None:
    """A choice closes an open member, and opens one whose grounds are all weighed."""
    keuzes = (
        Keuze(
            regel=0, veld="bron", redactie=Redactie(gronden=("5.1.2.d", "5.1.2.h"), reden=REASON)
        ),
        Keuze(regel=0, veld="zaak", redactie=None),
    )
    check_choices(REGELS, keuzes)

    stuk = next(stukken(verstrekt(0), REGELS, BEKEND, keuzes))

    told = {veld.naam: veld.shown for veld in stuk.velden}
    assert told["bron"] == "[5.1.2.d, 5.1.2.h]"
    assert told["zaak"] == "hhk-1"


@pytest.mark.parametrize("veld", ["sleutel", "gebruiker", "besluit_sha256", "onbekend", None])
def test_person_opens_nothing_that_is_fixed(veld: str | None) -> None:
    """Nobody can open what points at a person, what no rule names, or a whole line."""
    with pytest.raises(InvalidInputError) as error:
        check_choices(REGELS, [Keuze(regel=0, veld=veld, redactie=None)])

    assert error.value.fouten[0].pointer == "/keuzes/0"


def test_opened_member_still_shows_no_number() -> None:
    """Also in a member that a person opened, a BSN or a made up name is left out."""
    lines = [
        regel(n, Soort.WEIGERING, f"v-{n}/1", **gevraagd(zaak=zaak))
        for n, zaak in enumerate((BSN, "jan-jansen"))
    ]
    keuzes = tuple(Keuze(regel=n, veld="zaak", redactie=None) for n in (0, 1))

    found = [{v.naam: v.shown for v in s.velden} for s in stukken(lines, REGELS, BEKEND, keuzes)]

    assert [told["zaak"] for told in found] == ["[5.1.1.e]", "[5.1.2.e]"]


@pytest.mark.parametrize(
    ("redactie", "part"),
    [
        (Redactie(gronden=()), "een grond"),
        (Redactie(gronden=("5.1.9.z",)), "niet kent"),
        (Redactie(gronden=("5.1.2.e",)), "waarom"),
        (Redactie(gronden=("5.1.5",)), "waarom"),
        (Redactie(gronden=("5.1.5", "5.1.1.d"), reden=REASON), "niet samen"),
        (Redactie(gronden=("5.1.2.e",), reden=f"Gaat over {BSN}."), "BSN"),
    ],
)
def test_redaction_that_would_not_stand_is_refused(redactie: Redactie, part: str) -> None:
    """A redaction without ground, with a strange one, or without a needed reason is refused."""
    with pytest.raises(InvalidInputError) as error:
        check_choices(REGELS, [Keuze(regel=0, veld="bron", redactie=redactie)])

    assert part in error.value.fouten[0].melding


def test_rules_that_would_not_stand_are_not_read() -> None:
    """A file in which a weighed ground has no reason cannot be used."""
    with pytest.raises(InvalidInputError):
        Redactieregels.parse({**DATA, "overig": {"gronden": ["5.1.2.e"]}})


def test_destroyed_line_is_listed() -> None:
    """Of a line whose payload was destroyed only that remains, and the page says so."""
    gone = Regel(
        index=0,
        soort=Soort.VERSTREKKING,
        at=verstrekt(0)[0].at,
        kenmerk="v-1/1/verstrekking",
        payload=None,
    )

    assert "De inhoud is vernietigd" in publish(gone)["stukken.html"]
