"""`sluis toets`: the command line of the contract, in its own process."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from typer.testing import CliRunner

from broker.cli import app
from tests.decision.gevallen import ROOT, bases, cases, expected, outcome
from tests.decision.test_decision_cases import shared_cases

SLUIS: Final = (sys.executable, "-m", "broker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run of the command gave."""

    code: int
    stdout: str
    stderr: str


def toets(*arguments: object, given: str | bytes = "") -> Run:
    """Run `sluis toets` within this process, with this on its standard input."""
    text = given.encode() if isinstance(given, str) else given
    run = CliRunner().invoke(app, ["toets", *map(str, arguments)], input=text)
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    return Run(
        code=run.exit_code, stdout=run.stdout_bytes.decode(), stderr=run.stderr_bytes.decode()
    )


def sluis_toets(*arguments: object, given: str = "") -> Run:
    """Run `sluis toets` in a process of its own."""
    command = [*SLUIS, "toets", *map(str, arguments)]
    run = subprocess.run(command, cwd=ROOT, input=given.encode(), capture_output=True, check=False)
    return Run(code=run.returncode, stdout=run.stdout.decode(), stderr=run.stderr.decode())


def lines(*dossiers: object) -> str:
    """Return these dossiers, one a line."""
    return "".join(json.dumps(dossier) + "\n" for dossier in dossiers)


def answers(run: Run) -> list[dict[str, Any]]:
    """Return the answers of a run that went well, one a line."""
    assert (run.code, run.stderr) == (0, "")
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture
def dossier(tmp_path: Path) -> Path:
    """Give a file with a good dossier, in YAML."""
    path = tmp_path / "dossier.yaml"
    path.write_text(yaml.safe_dump(bases()["hhk"], allow_unicode=True), encoding="utf-8")
    return path


def test_jsonl_answers_each_case_in_order() -> None:
    """Every case of the project comes out right, one line each, in one process."""
    told = answers(sluis_toets("--jsonl", "-", given=lines(*(case.dossier for case in cases()))))

    wrong = {
        str(case): answer
        for case, answer in zip(cases(), told, strict=True)
        if outcome(answer, case.verwacht) != expected(case.verwacht)
    }
    assert wrong == {}


def test_published_cases_by_jsonl(shared: Path) -> None:
    """The published cases come out as published, through the real command line."""
    published = shared_cases(shared)

    told = answers(
        sluis_toets("--jsonl", "-", given=lines(*(dossier for _, dossier, _ in published)))
    )

    wrong = {
        name: answer
        for (name, _, expect), answer in zip(published, told, strict=True)
        if outcome(answer, expect) != expected(expect)
    }
    assert wrong == {}


@pytest.mark.parametrize(("number", "suffix"), [(0, "yaml"), (20, "json"), (-4, "json")])
def test_published_case_as_a_file(shared: Path, tmp_path: Path, number: int, suffix: str) -> None:
    """A published case in a file, YAML or JSON, comes out as published, and exits 0."""
    _, dossier, expect = shared_cases(shared)[number]
    path = tmp_path / f"dossier.{suffix}"
    write = yaml.safe_dump if suffix == "yaml" else json.dumps
    path.write_text(write(dossier), encoding="utf-8")

    (told,) = answers(sluis_toets(path, "--json"))

    assert outcome(told, expect) == expected(expect)


def test_besluit_has_the_members_of_the_contract(dossier: Path) -> None:
    """The JSON of a besluit has every member that the contract names."""
    (told,) = answers(toets(dossier, "--json"))

    assert {
        "uitkomst", "categorieen", "gegevens", "weigeringsgronden", "vereiste_instemmingen",
        "voorwaarden", "bewaren_tot", "versies",
    } <= told.keys()  # fmt: skip
    assert told["versies"]["regels"].startswith("sha256:")
    used = {entry["id"] for entry in told["versies"]["register"]}
    assert used == {"wgs-riec", "wgs", "bgs", "wpg", "redenen"}


def test_a_refusal_exits_0_and_tells_the_article(dossier: Path) -> None:
    """Whatever the outcome it exits 0; a refusal tells its ground in Dutch, with the article."""
    written = dossier.read_text(encoding="utf-8").replace("aantal_betrokkenen: 1", "")
    dossier.write_text(written, encoding="utf-8")

    run = toets(dossier)
    (told,) = answers(toets(dossier, "--json"))
    (ground,) = told["weigeringsgronden"]

    assert (run.code, run.stderr) == (0, "")
    assert told["uitkomst"] == "geweigerd"
    assert ground["code"] == "te-veel-betrokkenen"
    assert ground["wet"]
    assert ground["artikel"]
    assert "geweigerd" in run.stdout
    assert "Traceback" not in run.stdout


def test_it_reads_standard_input() -> None:
    """With `-` the dossier is read from standard input, in JSON and in YAML."""
    good = bases()["hhk"]

    as_json = toets("-", "--json", given=json.dumps(good))
    as_yaml = toets("-", "--json", given=yaml.safe_dump(good))

    assert answers(as_json) == answers(as_yaml)


def test_yaml_may_begin_with_a_brace(tmp_path: Path) -> None:
    """A file that is called YAML is read as YAML, also where it looks like JSON."""
    path = tmp_path / "dossier.yml"
    path.write_text("{versie: 1, deur: verzoek, moment: 2026-06-15T11:30:00+02:00}")

    assert answers(toets(path, "--json"))[0]["uitkomst"] == "geweigerd"


def test_a_malformed_dossier_exits_2_with_every_error(tmp_path: Path) -> None:
    """Every error is told on a line of its own, with its pointer, and nothing is decided."""
    path = tmp_path / "dossier.yaml"
    path.write_text("versie: 1\ndeur: raam\nmoment: 2026-06-15\nzaken: {}\n", encoding="utf-8")

    run = toets(path, "--json")

    assert (run.code, run.stdout) == (2, "")
    assert [line.split(": ")[0] for line in run.stderr.splitlines()] == [
        "/deur", "/moment", "/zaken",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("leeg.json", b""),
        ("stuk.json", b"{"),
        ("stuk.yaml", b"a: ["),
        ("latin.yaml", b"a: caf\xe9"),
        ("dubbel.json", b'{"versie": 1, "versie": 1}'),
        ("groot.yaml", b"# " + b"x" * (4 * 1024 * 1024)),
    ],
)
def test_an_unreadable_file_exits_2(tmp_path: Path, name: str, text: bytes) -> None:
    """A file that holds no dossier is told of in one line, without a stack trace."""
    path = tmp_path / name
    path.write_bytes(text)

    run = toets(path)

    assert (run.code, run.stdout) == (2, "")
    assert run.stderr.startswith("/: ")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", [(), ("--json",), ("--jsonl",)])
def test_a_missing_file_exits_2(tmp_path: Path, option: tuple[str, ...]) -> None:
    """A file that is not there is told of in one line."""
    run = toets(*option, tmp_path / "weg.yaml")

    assert (run.code, run.stdout, run.stderr) == (2, "", "/: Dit bestand is er niet.\n")


def test_an_empty_file_is_told_as_such(tmp_path: Path) -> None:
    """A file without a word in it is not told to lack members."""
    (tmp_path / "leeg.yaml").write_text("\n")

    run = toets(tmp_path / "leeg.yaml")

    assert (run.code, run.stderr) == (2, "/: Dit bestand is leeg.\n")


def test_a_folder_is_no_dossier(tmp_path: Path) -> None:
    """A folder is told of in one line."""
    run = toets(tmp_path)

    assert (run.code, run.stderr) == (2, "/: Dit bestand kan niet worden gelezen.\n")


@pytest.mark.parametrize("arguments", [(), ("a.yaml", "--jsonl", "-")])
def test_either_a_dossier_or_lines(arguments: tuple[str, ...]) -> None:
    """Without a dossier, or with a dossier and lines at once, it exits 2 and says what to give."""
    run = toets(*arguments)

    assert (run.code, run.stdout) == (2, "")
    assert run.stderr == "/: Noem een dossier, of gebruik --jsonl.\n"


def test_jsonl_goes_on_after_an_error() -> None:
    """A line that is no dossier gets its errors; the lines after it are answered all the same."""
    good = json.dumps(bases()["hhk"])
    bad = ["{", '{"versie": 1}', "", '{"a": 1, "a": 2}', '"\\ud83d"']
    given = "\n".join([good, *bad, good])

    told = answers(toets("--jsonl", "-", given=given))

    assert ["fouten" in answer for answer in told] == [False, True, True, True, True, False]
    assert [fout["pointer"] for fout in told[2]["fouten"]] == ["/deur", "/moment"]
    assert all(fout["melding"] for answer in told[1:5] for fout in answer["fouten"])
    assert told[0] == told[5]


def test_jsonl_survives_half_a_character_that_stands_twice() -> None:
    """A double name that cannot be written is an error of its line alone."""
    good = json.dumps(bases()["hhk"])

    told = answers(toets("--jsonl", "-", given='{"\\ud800":1,"\\ud800":2}\n' + good))

    melding = "Het onderdeel '?' staat er twee keer in."
    assert told[0] == {"fouten": [{"pointer": "", "melding": melding}]}
    assert told[1]["uitkomst"] == "toegewezen"


def test_jsonl_reads_bytes_that_are_no_text() -> None:
    """A line that is not UTF-8 is an error of that line."""
    good = json.dumps(bases()["hhk"]).encode()

    told = answers(toets("--jsonl", "-", given=b'{"a": "\xff"}\n' + good))

    assert told[0] == {"fouten": [{"pointer": "", "melding": "Dit is geen tekst in UTF-8."}]}
    assert told[1]["uitkomst"] == "toegewezen"


def test_jsonl_reads_a_file(tmp_path: Path) -> None:
    """Lines can stand in a file as well."""
    path = tmp_path / "dossiers.jsonl"
    path.write_text(lines(bases()["hhk"], bases()["casus"]), encoding="utf-8")

    assert [answer["uitkomst"] for answer in answers(toets("--jsonl", path))] == ["toegewezen"] * 2


def test_jsonl_answers_while_it_reads() -> None:
    """Each line is answered before the next one is asked for."""
    line = (json.dumps(bases()["hhk"]) + "\n").encode()
    with subprocess.Popen(
        [*SLUIS, "toets", "--jsonl", "-"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdin
        assert running.stdout
        for _ in range(3):
            running.stdin.write(line)
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["uitkomst"] == "toegewezen"
        running.stdin.close()

        assert running.wait(timeout=30) == 0


def test_help_points_at_the_schema() -> None:
    """The help says where the form of a dossier is written down."""
    run = toets("--help")

    assert run.code == 0
    assert "docs/dossier.schema.json" in run.stdout
    assert (ROOT / "docs" / "dossier.schema.json").is_file()
