"""The demo data fits the zaken, the scenarios and the test numbers that were published."""

import shutil
from pathlib import Path

import pytest
import yaml

from broker.domain.pseudoniem import Pseudonimiseerder, is_bsn
from broker.errors import InvalidInputError
from broker.seeds import DEMO, GebruikerSeed, read_demo, read_zaken

ROOT = Path(__file__).parents[2]
SEED = read_demo(ROOT)
ZAKEN = {zaak.id: zaak for zaak in read_zaken(ROOT)}
ORGANISATIES = {organisatie.id: organisatie for organisatie in SEED.organisaties}
GEBRUIKERS = {gebruiker.id: gebruiker for gebruiker in SEED.gebruikers}
BRP_TESTPERSONEN = {
    "999990019",
    "999990408",
    "999991802",
    "999992971",
    "999993653",
    "999995492",
}
KVK_TESTNUMMERS = {"90001354", "69599084"}


def asdict(gebruiker: GebruikerSeed) -> dict[str, object]:
    """Return the facts of a user as the dossier shows them."""
    names = ("id", "rol", "geautoriseerd_tot", "gescreend_op", "opgeleid_op")
    return {name: getattr(gebruiker, name) for name in names}


def test_ids_are_unique() -> None:
    """No two organisations, users, cards or signalen share an id."""
    rows = (SEED.organisaties, SEED.gebruikers, SEED.persoonskaarten, SEED.signalen)

    for ids in ([row.id for row in kind] for kind in rows):
        assert sorted(set(ids)) == sorted(ids)


def test_every_deelnemer_of_a_zaak_is_an_organisation() -> None:
    """Each organisation that a zaak names exists, and is that deelnemer in law."""
    for zaak in ZAKEN.values():
        deelnemers = zaak.dossier["deelnemers"]
        assert isinstance(deelnemers, list)
        for row in deelnemers:
            assert isinstance(row, dict)
            assert row["deelnemer"] in ORGANISATIES[str(row["organisatie"])].deelnemers


def test_the_riec_is_no_deelnemer() -> None:
    """The RIEC takes part as no deelnemer in law, and is not asked."""
    assert ORGANISATIES["riec-nh"].deelnemers == ()
    assert ORGANISATIES["riec-nh"].bron == "geen"


def test_users_belong_to_an_organisation() -> None:
    """Each user acts as a deelnemer that its organisation is; at the RIEC as none."""
    for gebruiker in SEED.gebruikers:
        allowed = ORGANISATIES[gebruiker.organisatie].deelnemers or (None,)
        assert gebruiker.deelnemer in allowed


def test_only_analisten_of_a_deelnemer_may_ask() -> None:
    """Who keeps a gate, tests lawfulness or runs the system can never ask as a deelnemer."""
    asking = {g.functie for g in SEED.gebruikers if g.rol == "verwerker" and g.deelnemer}

    assert asking == {"analist"}
    assert {g.functie for g in SEED.gebruikers} == {
        "analist",
        "poortwachter",
        "accountmanager",
        "privacyfunctionaris",
        "beheerder",
    }


@pytest.mark.parametrize("base", ["base-wgs.yaml", "base-convenant.yaml"])
def test_the_users_of_the_scenarios_are_here(base: str, shared: Path) -> None:
    """The user of each base scenario has the same facts in the demo."""
    path = shared / "scenarios" / base
    if not path.is_file():
        pytest.skip("de map met scenario's (../shared/scenarios) is er niet")
    vrager = yaml.safe_load(path.read_text(encoding="utf-8"))["vrager"]

    gebruiker = GEBRUIKERS[vrager["gebruiker"]["id"]]

    assert asdict(gebruiker) == vrager["gebruiker"]
    assert (gebruiker.organisatie, gebruiker.deelnemer) == (
        vrager["organisatie"],
        vrager["deelnemer"],
    )


def test_cards_hold_published_test_numbers_only() -> None:
    """Each card is about a published BRP test person or KVK test number, never about both."""
    for kaart in SEED.persoonskaarten:
        if kaart.soort == "natuurlijk-persoon":
            assert kaart.bsn in BRP_TESTPERSONEN
            assert is_bsn(kaart.bsn or "")
            assert kaart.kvk_nummer is None
        else:
            assert kaart.kvk_nummer in KVK_TESTNUMMERS
            assert kaart.bsn is None


def test_cards_belong_to_a_zaak_and_stand_in_it_once() -> None:
    """Each card names a known zaak, and a subject has one card in a zaak."""
    pseudonimiseerder = Pseudonimiseerder(bytes(32))
    keys = [(k.zaak, pseudonimiseerder.sleutel(k.identiteit)) for k in SEED.persoonskaarten]

    assert {zaak for zaak, _ in keys} <= set(ZAKEN)
    assert len(set(keys)) == len(keys)


def test_card_does_not_show_its_number() -> None:
    """The text form of a card, and of the whole demo, holds no number of a person or a firm."""
    text = repr(SEED)

    assert not [number for number in BRP_TESTPERSONEN | KVK_TESTNUMMERS if number in text]


def test_signalen_fit_their_zaak() -> None:
    """A signaal names a known reporter, and the zaak that names it holds the same status."""
    for signaal in SEED.signalen:
        assert signaal.melder in ORGANISATIES
        assert (signaal.gewogen_op is None) == (signaal.gewogen_door is None)
        assert (signaal.gewogen_op is None) == (signaal.status == "aangemeld")
        if signaal.zaak:
            named = ZAKEN[signaal.zaak].dossier["signaal"]
            assert named == {"id": signaal.id, "status": signaal.status}
        if signaal.gewogen_door:
            assert GEBRUIKERS[signaal.gewogen_door].functie == "accountmanager"


@pytest.mark.parametrize(
    ("name", "change", "pointer"),
    [
        ("gebruikers", ("rol: toetser", "rol: baas"), "/gebruikers/7/rol"),
        ("persoonskaarten", ("afstand: 0", "afstand: nul"), "/persoonskaarten/0/afstand"),
        ("organisaties", ("versie: 1", "versie: 2"), ""),
        ("signalen", ("2026-02-03", "2026-02-30"), "/signalen/0/gemeld_op"),
    ],
)
def test_bad_demo_file_is_told_with_a_pointer(
    tmp_path: Path, name: str, change: tuple[str, str], pointer: str
) -> None:
    """A mistake in a demo file is an error that names the file and points to the member."""
    shutil.copytree(ROOT / DEMO, tmp_path / DEMO)
    path = tmp_path / DEMO / f"{name}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")

    with pytest.raises(InvalidInputError, match=rf"{name}\.yaml") as caught:
        read_demo(tmp_path)

    assert pointer in [fout.pointer for fout in caught.value.fouten]


def test_absent_demo_file_is_told(tmp_path: Path) -> None:
    """A demo without its files is an error that names the first one."""
    with pytest.raises(InvalidInputError, match=r"organisaties\.yaml is er niet"):
        read_demo(tmp_path)
