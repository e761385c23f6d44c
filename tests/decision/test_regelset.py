"""A rule set is one thing: one digest, one archive, and nothing foreign in it."""

import gzip
import io
import shutil
import tarfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.decision.regelset import MAX_ARCHIVE, MAX_BYTES, Regelset, RegisterError
from broker.decision.register import default_root

SHIPPED: Final = Regelset.from_folder(default_root())
NAMES: Final = st.sampled_from(
    ["policies/gronden.yaml", "policies/besluit/a.rego", "grondslagen/wet/x/open.yaml"]
    + [f"grondslagen/redenen/2025-0{month}-01.yaml" for month in range(1, 9)]
)
FILES: Final = st.dictionaries(NAMES, st.binary(max_size=200))


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a tar.gz with these members."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def plain(name: str, content: bytes = b"{}") -> tuple[tarfile.TarInfo, bytes]:
    """Return a plain member."""
    return tarfile.TarInfo(name), content


@given(FILES)
def test_archive_gives_back_what_went_in(files: dict[str, bytes]) -> None:
    """Whatever is packed comes out, with the same digest, and packs to the same bytes."""
    one = Regelset(bestanden=files)

    again = Regelset.from_archive(one.to_archive())

    assert (again.bestanden, again.digest) == (one.bestanden, one.digest)
    assert again.to_archive() == one.to_archive()


@given(FILES, FILES)
def test_digest_tells_rule_sets_apart(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    """Two rule sets have one digest when, and only when, they have the same files."""
    digests = {Regelset(bestanden=files).digest for files in (one, other)}

    assert (len(digests) == 1) == (one == other)


def test_digest_does_not_hang_on_the_order() -> None:
    """The order in which files are read says nothing."""
    turned = dict(reversed(list(SHIPPED.bestanden.items())))

    assert Regelset(bestanden=turned).digest == SHIPPED.digest


def test_zaken_and_roles_are_no_part_of_it() -> None:
    """The seeds of zaken and the roles of users do not decide, so they are left out."""
    folders = {"/".join(name.split("/")[:2]) for name in SHIPPED.bestanden}

    assert folders & {"grondslagen/zaken", "policies/rollen", "policies/tests"} == set()
    assert {"policies/besluit", "grondslagen/wet", "grondslagen/samenwerking"} <= folders


@pytest.mark.parametrize(
    "name",
    [
        "../policies/gronden.yaml",
        "/policies/gronden.yaml",
        "policies/besluit/a_test.rego",
        "policies/besluit/sub/a.rego",
        "grondslagen/wet/wgs/1-1-2025.yaml",
        "grondslagen/zaken/x.yaml",
        "policies/gronden.yaml\n",
        "README.md",
    ],
)
def test_foreign_name_is_refused(name: str) -> None:
    """A file of another name is told, in an archive and in a set."""
    with pytest.raises(RegisterError, match="hoort niet in een regelset"):
        Regelset.from_archive(packed(plain(name)))
    with pytest.raises(RegisterError, match="hoort niet in een regelset"):
        Regelset(bestanden={name: b""})


def test_foreign_file_in_a_folder_is_told(tmp_path: Path) -> None:
    """A law file with a date that is misspelt is not passed over in silence."""
    wrong = tmp_path / "grondslagen" / "wet" / "wgs" / "2025-3-1.yaml"
    wrong.parent.mkdir(parents=True)
    wrong.touch()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "gronden.yaml").touch()

    with pytest.raises(RegisterError, match=r"wet/wgs/2025-3-1\.yaml"):
        Regelset.from_folder(tmp_path)


@pytest.mark.parametrize("part", ["policies", "grondslagen"])
def test_one_of_its_folders_names_the_rule_set(part: str) -> None:
    """Who names the folder of the rules, or of the law, means the rule set that it is part of."""
    assert Regelset.from_path(default_root() / part) == SHIPPED


def test_a_rule_set_may_lie_in_a_folder_of_that_name(tmp_path: Path) -> None:
    """A folder called `policies` that holds a whole rule set is not taken for a part of one."""
    for name in ("policies", "grondslagen"):
        shutil.copytree(default_root() / name, tmp_path / "policies" / name)

    assert Regelset.from_path(tmp_path / "policies") == SHIPPED


def test_empty_folder_is_no_rule_set(tmp_path: Path) -> None:
    """A folder without the file that every rule set has is refused."""
    with pytest.raises(RegisterError, match=r"gronden\.yaml"):
        Regelset.from_folder(tmp_path)


def test_folder_with_something_else_is_told(tmp_path: Path) -> None:
    """Who names a folder that has nothing to do with rules is told just that."""
    (tmp_path / "lees.md").write_text("Iets anders.", "utf-8")

    with pytest.raises(RegisterError, match=r"In deze map staan geen regels\."):
        Regelset.from_path(tmp_path)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE]
)
def test_link_or_device_is_refused(kind: bytes) -> None:
    """Only plain files are read, whatever their name."""
    member = tarfile.TarInfo("policies/gronden.yaml")
    member.type, member.linkname = kind, "/etc/passwd"

    with pytest.raises(RegisterError, match="geen gewoon bestand"):
        Regelset.from_archive(packed((member, b"")))


def test_all_foreign_members_are_told_at_once() -> None:
    """Everything that is wrong with an archive is told in one go."""
    twice = plain("policies/gronden.yaml"), plain("policies/gronden.yaml")

    with pytest.raises(RegisterError) as refusal:
        Regelset.from_archive(packed(*twice, plain("a"), plain("b")))

    assert [fout.bestand for fout in refusal.value.fouten] == ["policies/gronden.yaml", "a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"geen archief",
        gzip.compress(b""),
        gzip.compress(b"geen tar" * 200),
        SHIPPED.to_archive()[:-900],
    ],
    ids=["empty", "text", "empty gzip", "no tar", "cut short"],
)
def test_something_else_is_no_archive(data: bytes) -> None:
    """What is no archive, or half of one, is refused."""
    with pytest.raises(RegisterError) as refusal:
        Regelset.from_archive(data)

    assert [fout.bestand for fout in refusal.value.fouten] == ["archief"]


def test_bomb_is_not_unpacked() -> None:
    """A small archive that would fill the memory is refused, and so is a large one."""
    bomb = gzip.compress(bytes(MAX_BYTES + 1))

    assert len(bomb) < MAX_ARCHIVE
    with pytest.raises(RegisterError, match="te groot"):
        Regelset.from_archive(bomb)
    with pytest.raises(RegisterError, match="te groot"):
        Regelset.from_archive(bytes(MAX_ARCHIVE + 1))
