"""The bundle: whole leaves, disclosures only for who may see them, and nothing left out unseen."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.__main__ import main
from audit.bundle import verify_bundle
from audit.bundle_report import Trust
from audit.cosignature import Kind
from audit.entry import Soort
from audit.note import Note, Vkey
from audit.receipt import verify_receipt_file
from broker.decision.register import default_root
from broker.services.uitvoer.bundel import Ontvanger, extract, may_see_whole
from tests.audit.autoriteit import STAMPING, Maker, authority, issue
from tests.uitvoer.bundels import AP, OVER_EEN, PARTNER, SIGNER, a_log, subject_key
from tests.uitvoer.gevallen import ANDERE, SLEUTEL, gevraagd, regel

TRUST = Trust(vkey=SIGNER.vkey)
OTHER = Vkey.of(SIGNER.vkey.name, bytes(32))
KEYS = [subject_key(SLEUTEL)]


def findings(folder: Path, trust: Trust = TRUST) -> list[str]:
    """Return what the verifier finds."""
    return verify_bundle(folder, trust).findings


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the objects in a file with one on each line."""
    return [json.loads(row) for row in path.read_text("utf-8").splitlines()]


def rewrite(path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Change the objects in a file."""
    changed = change(rows(path))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in changed), encoding="utf-8")


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Give the bundle with everything."""
    a_log().bundle(tmp_path / "b", AP)
    return tmp_path / "b"


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """Give the bundle of one subject, with its key."""
    a_log().bundle(tmp_path / "b", OVER_EEN, KEYS)
    return tmp_path / "b"


@pytest.mark.parametrize("questions", [0, 3, 127, 128, 400])
@pytest.mark.parametrize("ontvanger", [AP, OVER_EEN, PARTNER])
def test_fresh_bundle_is_intact(tmp_path: Path, ontvanger: Ontvanger, questions: int) -> None:
    """Whatever its size and receiver, a fresh bundle has no finding, as directory and as zip."""
    keys = KEYS if ontvanger is OVER_EEN else []
    told = a_log(questions).bundle(tmp_path / "b", ontvanger, keys)
    archive = shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path / "b")

    report = verify_bundle(tmp_path / "b", TRUST)
    zipped = verify_bundle(Path(archive), TRUST)

    assert report.findings == zipped.findings == []
    assert report.size == 2 * questions + 2
    assert report.disclosed == len(told.onthuld)


def test_supervisor_sees_everything(whole: Path) -> None:
    """The supervisor gets salt and payload of every line, with a proof of each."""
    disclosed = rows(whole / "onthullingen.jsonl")

    assert [row["regel"] for row in disclosed] == list(range(8))
    assert (whole / "uittreksels.jsonl").read_bytes() == b""
    receipt, leaf = verify_receipt_file(whole / "bewijzen" / "3.tlog-proof", SIGNER.vkey)
    assert (receipt.index, leaf.kenmerk) == (3, "v-1/1/voornemen")


def test_one_subject_is_complete(one: Path) -> None:
    """With the key of the subject every line of it is found, and no other is disclosed."""
    report = verify_bundle(one, TRUST)

    assert report.findings == []
    assert report.hits == report.disclosed == 2
    assert {row["inhoud"]["sleutel"] for row in rows(one / "onthullingen.jsonl")} == {SLEUTEL}
    assert ANDERE not in b"".join(p.read_bytes() for p in one.rglob("*") if p.is_file()).decode(
        "latin-1"
    )


def test_line_left_out_is_seen(one: Path) -> None:
    """A disclosure that is taken out, with its proof, is found by the key of the subject."""
    rewrite(one / "onthullingen.jsonl", lambda found: found[:-1])
    (one / "bewijzen" / "2.tlog-proof").unlink()

    assert findings(one) == ["Regel 2: hoort bij dit onderwerp, maar is weggelaten."]


def test_key_from_elsewhere_counts(one: Path, tmp_path: Path) -> None:
    """Who has the key of the subject apart sees the omission, also when it was taken out."""
    rewrite(one / "onthullingen.jsonl", lambda found: found[1:])
    (one / "onderwerp.sleutel").rename(tmp_path / "mijn.sleutel")

    [sentence] = findings(one)
    assert "onderwerp.sleutel ontbreekt" in sentence
    assert findings(one, Trust(vkey=SIGNER.vkey, keys=tmp_path / "mijn.sleutel")) == [
        "Regel 1: hoort bij dit onderwerp, maar is weggelaten."
    ]


def test_strange_line_among_one_subject_is_seen(one: Path, tmp_path: Path) -> None:
    """A line of another subject does not belong in the bundle of this one."""
    a_log().bundle(tmp_path / "alles", AP)
    strange = rows(tmp_path / "alles" / "onthullingen.jsonl")[3]
    rewrite(one / "onthullingen.jsonl", lambda found: [*found, strange])

    assert findings(one) == ["Regel 3: is onthuld, maar hoort niet bij dit onderwerp."]


def test_bundle_of_everything_may_leave_nothing_out(whole: Path) -> None:
    """A bundle that promises everything and lacks a disclosure is not whole."""
    rewrite(whole / "onthullingen.jsonl", lambda found: [r for r in found if r["regel"] != 4])

    assert findings(whole) == ["Regel 4: is weggelaten, terwijl de bundel alles belooft."]


def test_destroyed_line_is_told(tmp_path: Path) -> None:
    """A line whose payload was destroyed is named as such, and breaks nothing."""
    log = a_log()
    log.destroy(1)
    told = log.bundle(tmp_path / "b", OVER_EEN, KEYS)

    report = verify_bundle(tmp_path / "b", TRUST)

    assert told.vernietigd == [1]
    assert (report.findings, report.hits, report.disclosed) == ([], 2, 1)
    assert "Regel 1: de inhoud is vernietigd (geen fout, wel navraag waard)." in report.notes


@pytest.mark.parametrize(("told", "wrong"), [(1, False), (0, True), (2, True), (None, True)])
def test_supervisor_sees_what_went_without_a_vernietiging(
    tmp_path: Path, told: int | None, *, wrong: bool
) -> None:
    """In a bundle of everything as many lines are destroyed as the last vernietiging tells."""
    log = a_log()
    log.destroy(1)
    payload = {"wat": "bewaartermijn"} | ({} if told is None else {"zonder_inhoud": told})
    log.add(Soort.VERNIETIGING, "x-1", payload)
    log.bundle(tmp_path / "b", AP)

    found = findings(tmp_path / "b")

    assert bool(found) is wrong
    assert all("er is inhoud weg zonder" in sentence for sentence in found)


def test_destroyed_line_without_any_vernietiging_is_seen(tmp_path: Path) -> None:
    """Who made the bundle cannot pass off a line as destroyed."""
    log = a_log()
    log.destroy(1)
    log.bundle(tmp_path / "b", AP)

    [sentence] = findings(tmp_path / "b")
    assert sentence == (
        "Regel 1: er is inhoud weg zonder dat een vernietiging is vastgelegd"
        " (regels zonder inhoud: 1, volgens de laatste vernietiging: 0)."
    )


def test_bundle_that_covers_less_than_was_asked_is_seen(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever strips a bundle of everything cannot hide it: reach and receiver are told."""
    told = json.loads((whole / "manifest.json").read_text("utf-8"))
    stripped = told | {"bereik": "organisatie", "ontvanger": "nla\nIn orde"}
    (whole / "manifest.json").write_text(json.dumps(stripped), "utf-8")
    (whole / "onthullingen.jsonl").write_text("", "utf-8")
    shutil.rmtree(whole / "bewijzen")
    command = ["bundel", "verify", str(whole), "--key", str(SIGNER.vkey)]

    assert main(command) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == r"De bundel zegt: bereik organisatie, ontvanger nla\nIn orde."
    assert main([*command, "--bereik", "alles"]) == 1
    assert "heeft bereik organisatie, en niet alles" in capsys.readouterr().out


def test_name_that_is_no_text_is_told(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name of a file that cannot be written down is told by its numbers."""
    (whole / os.fsdecode(b"\xff\n.txt")).write_bytes(b"")

    assert main(["bundel", "verify", str(whole), "--key", str(SIGNER.vkey)]) == 1
    assert r"Het bestand \udcff\n.txt hoort niet in deze bundel." in capsys.readouterr().out


def test_partner_sees_what_concerns_it(tmp_path: Path) -> None:
    """A partner gets its own first line whole, the rest in part, and nothing of others."""
    a_log().bundle(tmp_path / "b", PARTNER)

    whole, part = (rows(tmp_path / "b" / f"{n}.jsonl") for n in ("onthullingen", "uittreksels"))

    # Lines 3 and 4 are its own question; 1, 2, 5 and 6 are those in which it was the source.
    assert [row["regel"] for row in whole] == [3]
    assert [row["regel"] for row in part] == [1, 2, 4, 5, 6]
    for row in part:
        assert (
            not {"uitkomst", "gronden", "besluit_sha256", "dossier_sha256"} & row["inhoud"].keys()
        )
    asked = [row["inhoud"] for row in part if row["regel"] != 4]
    assert all(not {"gebruiker", "sleutel", "verzoek"} & inhoud.keys() for inhoud in asked)
    report = verify_bundle(tmp_path / "b", TRUST)
    assert "Van 5 regels staat er een uittreksel; dat is niet na te rekenen." in report.notes


def test_source_that_was_not_asked_learns_nothing() -> None:
    """Of a question that door 1 refused, the source gets no line at all."""
    refused = a_log().kept[-1]

    assert refused.payload is not None
    assert refused.payload["bron"] == "nla"
    assert extract(refused, "nla") is None
    assert not may_see_whole(refused, "nla")


def test_source_that_was_not_asked_for_want_of_a_verdict_learns_nothing() -> None:
    """When door 1 gave no verdict, the source gets no line; the requester not the whole of it."""
    asked = {n: v for n, v in gevraagd().items() if n not in {"besluit", "uitkomst", "gronden"}}
    failed = regel(0, Soort.FOUT, "v-9/1", **asked, dossier_sha256="d" * 64)

    assert failed.payload is not None
    bron, vrager = failed.payload["bron"], failed.payload["organisatie"]
    assert extract(failed, bron) is None
    assert not may_see_whole(failed, vrager)
    assert "dossier_sha256" not in (extract(failed, vrager) or {})


def test_source_that_failed_to_answer_was_asked() -> None:
    """At door 1 an error with a besluit is that of the source, which knows of the question."""
    failed = regel(0, Soort.FOUT, "v-9/1", **gevraagd())

    assert failed.payload is not None
    assert extract(failed, failed.payload["bron"]) is not None


def test_outcome_on_items_is_never_whole_for_a_partner() -> None:
    """Of a line that tells what was decided on items a partner gets an extract, always."""
    for line in a_log(30).kept:
        for organisatie in ("nla", "zaanstad-college", "uwv"):
            payload = line.payload or {}
            if payload.get("deur") == "verstrekking":
                assert not may_see_whole(line, organisatie)


def flip(path: Path, place: int) -> None:
    """Change one bit."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


@settings(max_examples=40)
@given(st.data())
def test_no_byte_of_the_evidence_can_change(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One changed bit in leaves, tiles, checkpoint, disclosures or proofs is always found."""
    folder = tmp_path_factory.mktemp("bundel") / "b"
    a_log().bundle(folder, AP)
    evidence = [
        "tile/entries/000.p/8",
        "tile/0/000.p/8",
        "checkpoint",
        "onthullingen.jsonl",
        "bewijzen/5.tlog-proof",
    ]
    path = folder / data.draw(st.sampled_from(evidence))
    place = data.draw(st.integers(0, len(path.read_bytes()) - 1))
    flip(path, place)

    assert findings(folder)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("tile/entries/000.p/8", "Het bestand tile/entries/000.p/8 ontbreekt."),
        ("tile/0/000.p/8", "Het bestand tile/0/000.p/8 ontbreekt."),
        ("checkpoint", "Het bestand checkpoint ontbreekt."),
        ("vkey", "Het bestand vkey ontbreekt."),
        ("onthullingen.jsonl", "Regel 0: is weggelaten, terwijl de bundel alles belooft."),
    ],
)
def test_missing_file_is_named(whole: Path, name: str, part: str) -> None:
    """A file that is gone is told by its name, or by the lines that it took along."""
    (whole / name).unlink()

    assert part in findings(whole)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("tile/entries/000.p/8", b"", "is leeg"),
        ("onthullingen.jsonl", b'{"regel":0', "afgekapt of te lang bij regel 1"),
        ("onthullingen.jsonl", b"[]\n", "regel 1 is geen JSON-object"),
        ("onthullingen.jsonl", b'{"regel":0,"regel":0}\n', "iets staat er dubbel"),
        ("onthullingen.jsonl", b'{"regel":0,"zout":"AA==","inhoud":{}}\n', "het zout"),
        ("onthullingen.jsonl", b"[" * 100_000 + b"\n", "geen JSON"),
        ("uittreksels.jsonl", b"geen JSON\n", "regel 1 is geen JSON"),
        ("uittreksels.jsonl", b'{"regel":0}\n', "regel of inhoud ontbreekt"),
        ("uittreksels.jsonl", b'{"regel":8,"inhoud":{}}\n', "Deze regel is er niet"),
        ("manifest.json", b"{}", "andere vorm of versie"),
        ("vkey", b"iets\n", "Het bestand vkey klopt niet"),
        ("checkpoint", b"\xff", "geen tekst"),
        ("onderwerp.sleutel", b"00\n", "regel 1: dit is geen sleutel"),
        ("policy", b"nonsens\n", "Het bestand policy klopt niet"),
        ("geheim.txt", b"iets", "hoort niet in deze bundel"),
        ("tile/0/001", b"iets", "hoort niet in deze bundel"),
        ("bewijzen/0.tlog-proof", b"iets", "geen bewijs van inschrijving"),
        ("anker/8", b"iets", "Het bestand anker/8"),
    ],
)
def test_malformed_file_is_named(whole: Path, name: str, content: bytes, part: str) -> None:
    """Whatever stands in a file, the verifier says in a sentence which file is wrong."""
    (whole / name).parent.mkdir(parents=True, exist_ok=True)
    (whole / name).write_bytes(content)

    assert any(part in sentence for sentence in findings(whole))


def test_trailing_byte_is_named(whole: Path) -> None:
    """A byte too many in a bundle of leaves is told with its place."""
    path = whole / "tile/entries/000.p/8"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + b"x")

    assert any(f"vanaf byte {size}" in sentence for sentence in findings(whole))


def test_disclosure_out_of_order_or_twice_is_seen(whole: Path) -> None:
    """A line that is disclosed twice, or that the log does not have, is told."""
    rewrite(
        whole / "onthullingen.jsonl", lambda found: [*found, found[3], {**found[3], "regel": 8}]
    )

    told = findings(whole)

    assert any("regel 9: Dit staat er twee keer" in sentence for sentence in told)
    assert any("regel 10: Deze regel is er niet." in sentence for sentence in told)


def test_anchor_of_this_log_is_held_against_the_leaves(tmp_path: Path) -> None:
    """An earlier checkpoint must be that of the first leaves; one of another history is found."""
    log, other = a_log(), a_log(5)
    good = {"anker/3": log.note(3).encode(), "anker/8": log.note(8).encode()}
    log.bundle(tmp_path / "goed", AP, files=good)
    bad = {"anker/8": other.note(8).encode(), "anker/12": other.note(12).encode()}
    log.bundle(tmp_path / "fout", AP, files=bad)

    assert findings(tmp_path / "goed") == []
    assert findings(tmp_path / "fout") == [
        "Het bestand anker/8: de getuigen tekenden een andere geschiedenis.",
        "Het bestand anker/12: dit is een stand die de bundel niet heeft.",
    ]


def test_policy_of_the_auditor_goes_first(tmp_path: Path) -> None:
    """An anchor that the witnesses of the auditor's own policy did not sign does not count."""
    log = a_log()
    witness = Vkey.of("getuige.example", bytes(range(32)), Kind.COSIGNATURE)
    easy, strict = (
        f"log {SIGNER.vkey}\nwitness w {witness}\nquorum {name}\n" for name in ("none", "w")
    )
    files = {"policy": easy.encode(), "anker/3": log.note(3).encode()}
    log.bundle(tmp_path / "b", AP, files=files)
    (tmp_path / "mijn").write_text(strict, encoding="utf-8")

    assert findings(tmp_path / "b") == []
    (found,) = findings(tmp_path / "b", Trust(vkey=SIGNER.vkey, policy=tmp_path / "mijn"))
    assert found.startswith("Het bestand anker/3: Te weinig getuigen")


@pytest.mark.parametrize(
    ("at", "part"),
    [
        ("20261120090002Z", None),
        ("20261120080000Z", "Regel 2: het moment ligt na het tijdstempel erover."),
        ("20261120100000Z", "Regel 3: het moment ligt voor een tijdstempel dat al was gezet."),
    ],
)
def test_stamps_are_held_against_the_moments(tmp_path: Path, at: str, part: str | None) -> None:
    """A stamp must be real, and no line may lie on the wrong side of its moment."""
    log = a_log()
    root = issue("Wortel", None, authority())
    note = log.note(3)
    maker = Maker(
        signer=issue("Dienst", root, STAMPING), at=at, text=Note.parse(note).text.encode()
    )
    files = {"anker/3": note.encode(), "anker/3.dienst.tsr": maker.response()}
    log.bundle(tmp_path / "b", AP, files=files)
    stranger = issue("Vreemde", None, authority())

    told = findings(tmp_path / "b", Trust(vkey=SIGNER.vkey, authorities=[root.certificate]))
    strange = findings(tmp_path / "b", Trust(vkey=SIGNER.vkey, authorities=[stranger.certificate]))

    assert told == ([] if part is None else [part])
    assert any("Het bestand anker/3.dienst.tsr" in sentence for sentence in strange)
    assert any("niet nagekeken" in n for n in verify_bundle(tmp_path / "b", TRUST).notes)


def test_stamp_without_its_checkpoint_is_told(tmp_path: Path) -> None:
    """A stamp that stands over nothing in the bundle is a finding."""
    a_log().bundle(tmp_path / "b", AP, files={"anker/3.dienst.tsr": b"iets"})

    assert findings(tmp_path / "b") == [
        "Het bestand anker/3.dienst.tsr hoort bij geen controlepunt in deze bundel."
    ]


def test_link_in_a_bundle_is_not_followed(whole: Path, tmp_path: Path) -> None:
    """A file that is a link to elsewhere is refused, not read."""
    (tmp_path / "elders").write_bytes((whole / "checkpoint").read_bytes())
    (whole / "checkpoint").unlink()
    (whole / "checkpoint").symlink_to(tmp_path / "elders")

    assert findings(whole) == ["Het bestand checkpoint is geen gewoon bestand."]


def test_name_twice_in_a_zip_is_told(whole: Path, tmp_path: Path) -> None:
    """A zip that holds two files of one name may show one to each reader, so it is told."""
    archive = Path(shutil.make_archive(str(tmp_path / "z"), "zip", whole))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(archive, "a") as opened:
        opened.write(whole / "LEESMIJ.txt", "LEESMIJ.txt")

    assert findings(archive) == ["Het bestand LEESMIJ.txt staat er twee keer in."]


def test_command_tells_and_exits(one: Path, tmp_path: Path) -> None:
    """The command exits 0 when intact, 1 with findings, another key, or no bundle at all."""
    key = ["--key", str(SIGNER.vkey)]

    assert main(["bundel", "verify", str(one), *key]) == 0
    assert main(["bundel", "verify", str(tmp_path), *key]) == 1
    assert main(["bundel", "verify", str(one), "--key", str(OTHER)]) == 1
    flip(one / "tile/0/000.p/8", 0)
    assert main(["bundel", "verify", str(one), *key]) == 1


def test_torn_zip_is_named(one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A zip that broke off is wrong, and is told by its name."""
    archive = Path(shutil.make_archive(str(tmp_path / "bundel"), "zip", one))
    archive.write_bytes(archive.read_bytes()[:-30])

    assert main(["bundel", "verify", str(archive), "--key", str(SIGNER.vkey)]) == 1
    assert capsys.readouterr().err == "Het bestand bundel.zip is geen zip, of niet heel.\n"


def test_verifier_needs_no_broker(one: Path) -> None:
    """The verifier runs where only the record and `cryptography` are, and says what it found."""
    blocked = (
        "import sys\n"
        "for name in ('broker', 'pydantic', 'sqlalchemy', 'orjson', 'yaml', 'psycopg'):\n"
        "    sys.modules[name] = None\n"
        "from audit.__main__ import main\n"
        f"sys.exit(main(['bundel', 'verify', {str(one)!r}]))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", blocked],
        capture_output=True,
        text=True,
        check=False,
        cwd=default_root(),
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "In orde: 8 regels nagerekend, 2 onthuld. Over dit onderwerp gaan 2 regels."
    )
    assert done.stdout.splitlines()[1].startswith("De publieke sleutel komt uit de bundel zelf")
