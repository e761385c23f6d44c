"""The anchors as files: what is found, what is refused, and what a crash leaves."""

from pathlib import Path

import pytest

from audit.ankers import Ankers, check_continues, text_of
from audit.disk import Disk
from audit.errors import AnchorError
from audit.note import MAX_NOTE, Checkpoint
from tests.audit.logs import SIGNER, an_entry, open_log


def ankers_in(folder: Path) -> Ankers:
    """Return the anchors of a log in this folder."""
    return Ankers(log=folder, disk=Disk())


def note_of(size: int) -> str:
    """Return a checkpoint."""
    return SIGNER.sign(Checkpoint(origin=SIGNER.vkey.name, size=size, root=bytes(32)).text())


def test_what_is_kept_is_found(tmp_path: Path) -> None:
    """Sizes are found from the newest down, with who stamped them; other files are left alone."""
    ankers = ankers_in(tmp_path)
    assert ankers.found() == {}
    for size in (3, 20, 100):
        ankers.keep_note(size, note_of(size))
    ankers.keep_stamp(20, "een", b"stempel")
    ankers.keep_stamp(20, "twee", b"ander")
    for name in (".100.new", "007", "x", "20.Een.tsr", "20.een.tsr.new", "5.een.tsr", "-1"):
        (ankers.folder / name).write_bytes(b"rommel")

    assert list(ankers.found().items()) == [
        (100, frozenset()),
        (20, frozenset({"een", "twee"})),
        (3, frozenset()),
    ]
    assert ankers.note(100) == note_of(100)
    assert ankers.stamp(20, "twee") == b"ander"
    assert (ankers.has(20), ankers.has(21)) == (True, False)


def test_stamp_stands_over_the_text_only() -> None:
    """Signatures that are added leave the text that is stamped as it is."""
    note = note_of(3)

    assert text_of(note + note.splitlines(keepends=True)[-1]) == text_of(note)
    assert text_of(note) == note.partition("\n\n")[0].encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is geen controlepunt"),
        (b"\xff\xfe", "is geen controlepunt"),
        (note_of(4).encode(), "over een andere grootte"),
        (note_of(3).encode()[:-5], "is geen controlepunt"),
        (b"x" * (MAX_NOTE + 1), "te groot"),
    ],
    ids=["empty", "no text", "other size", "cut", "large"],
)
def test_file_that_is_no_anchor_is_told_by_name(tmp_path: Path, content: bytes, why: str) -> None:
    """What is torn, foreign or too large is refused in a sentence that names the file."""
    ankers = ankers_in(tmp_path)
    ankers.keep_note(3, note_of(3))
    (ankers.folder / "3").write_bytes(content)

    with pytest.raises(AnchorError, match=f"^Het bestand anker/3 .*{why}"):
        ankers.note(3)


def test_file_that_is_gone_or_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Reading what is not there, and writing where nothing can be, are one sentence each."""
    ankers = ankers_in(tmp_path)
    with pytest.raises(AnchorError, match=r"^anker/3\.een\.tsr is niet te lezen: .*\.$"):
        ankers.stamp(3, "een")
    (tmp_path / "anker").write_bytes(b"")
    with pytest.raises(AnchorError, match=r"^anker/3 kan niet worden bewaard: .*\.$"):
        ankers.keep_note(3, note_of(3))
    with pytest.raises(AnchorError, match="is niet te lezen"):
        ankers.found()


@pytest.mark.parametrize("name", ["", "../x", "Een", "een.twee", "-", "a" * 41])
def test_strange_name_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    """A name of an authority holds nothing that could lead out of the folder."""
    with pytest.raises(AnchorError, match="mag alleen a-z, 0-9 en - bevatten"):
        ankers_in(tmp_path).keep_stamp(3, name, b"")


def test_empty_checkpoint_is_continued_by_every_log(tmp_path: Path) -> None:
    """Every log continues the empty one, and itself."""
    with open_log(tmp_path / "log") as log:
        for number in range(3):
            log.append(*an_entry(number)).result()
        now = Checkpoint.parse(text_of(log.checkpoint()).decode())
        check_continues(log, now, "Iemand")
        check_continues(log, Checkpoint(origin=now.origin, size=0, root=bytes(32)), "Iemand")

        with pytest.raises(AnchorError, match=r"^Iemand zag andere regels"):
            check_continues(log, Checkpoint(origin="x", size=2, root=bytes(32)), "Iemand")
