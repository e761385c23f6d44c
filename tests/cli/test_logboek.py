"""`sluis logboek` and `sluis audit export`: set up, shut out, begin anew and hand over."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.writer import Options
from broker.cli import app
from broker.errors import StartError
from broker.logboek import open_log
from broker.settings import Settings, load_settings
from tests.audit.logs import an_entry
from tests.postgres_server import Server, a_server

POLICY = ("--reden", "De schijf ging stuk.", "--door", "A. Beheerder", "--door", "B. Functionaris")


@pytest.fixture(scope="module", name="server")
def start_server() -> Iterator[Server]:
    """Give a server with a role that may only connect."""
    with a_server() as server:
        server.admin("CREATE ROLE sluis_api LOGIN")
        yield server


@pytest.fixture(name="owner")
def make_database(server: Server) -> str:
    """Give the address of an empty database, for who owns it."""
    return server.at(server.new_database())


@pytest.fixture(name="environment")
def fill_environment(owner: str, tmp_path: Path) -> dict[str, str]:
    """Give the settings of a node on that database, as the role of the API."""
    return {
        "SLUIS_DATA": str(tmp_path / "var"),
        "SLUIS_LOGBOEK_DATABASE": owner.replace("//postgres", "//sluis_api"),
        "SLUIS_LOGBOEK_KNOOP": "knoop-a",
        "COLUMNS": "200",
    }


def run(environment: dict[str, str], *arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, arguments, env=environment)


def settings_of(environment: dict[str, str], **given: str) -> Settings:
    """Return the settings of this environment."""
    return load_settings(
        data=Path(environment["SLUIS_DATA"]),
        logboek_database=environment["SLUIS_LOGBOEK_DATABASE"],
        logboek_knoop=environment["SLUIS_LOGBOEK_KNOOP"],
        **given,
    )


def record(settings: Settings, *numbers: int) -> None:
    """Record some lines as this node."""
    with open_log(settings, settings.log_signer(), Options()) as log:
        for number in numbers:
            log.append(*an_entry(number)).result()


def set_up(environment: dict[str, str], owner: str, *more: str) -> Result:
    """Set up the tables, as their owner."""
    return run(
        environment, *("logboek", "inrichten", "--database", owner, "--rol", "sluis_api"), *more
    )


def test_node_is_set_up_shown_and_shut_out(environment: dict[str, str], owner: str) -> None:
    """After setting up, the role of the API records; a node that is removed is gone."""
    assert set_up(environment, owner).stdout.startswith("De tabellen staan klaar.")
    assert run(environment, "logboek", "knopen").stdout == "Er doen geen knopen mee.\n"
    record(settings_of(environment), 1, 2)

    assert run(environment, "logboek", "knopen").stdout.startswith("knoop-a (toegelaten")
    refused = run(environment, "logboek", "verwijder", "knoop-a")
    assert (refused.exit_code, "staat dit niet toe" in refused.output) == (2, True)
    assert run(environment, "logboek", "verwijder", "knoop-a", "--database", owner).exit_code == 0
    again = run(environment, "logboek", "verwijder", "knoop-a", "--database", owner)
    assert (again.exit_code, again.stderr) == (1, "Deze knoop deed niet mee.\n")


def test_export_is_verified(environment: dict[str, str], owner: str, tmp_path: Path) -> None:
    """What is exported is found intact by the verifier; a second time the place is taken."""
    set_up(environment, owner)
    record(settings_of(environment), 1, 2, 3)
    key = str(tmp_path / "var" / "logboek" / "vkey")

    made = run(environment, "audit", "export", str(tmp_path / "uit"))
    assert (made.exit_code, "Geschreven: 3 regels" in made.stdout) == (0, True)
    checked = run(environment, "audit", "verify", str(tmp_path / "uit"), "--key", key)
    assert (checked.exit_code, "In orde" in checked.stdout) == (0, True)
    assert run(environment, "audit", "export", str(tmp_path / "uit")).exit_code == 2


def test_new_log_after_a_loss(environment: dict[str, str], owner: str, tmp_path: Path) -> None:
    """The steps of the documentation: the old log is kept and checked, the new one begins."""
    set_up(environment, owner)
    record(settings_of(environment), 1, 2, 3)
    var, old = tmp_path / "var", tmp_path / "oud"
    begin = ("logboek", "herstel", "--oude-map", str(old), *POLICY)

    (var / "logboek").rename(old)
    kept = run(environment, *begin)
    assert (kept.exit_code, "lege kluis" in kept.output) == (2, True)
    (var / "sleutels" / "kluis").rename(tmp_path / "oude-kluis")
    aside = set_up(environment, owner, "--opzij")
    assert "schema logboek_oud_1" in aside.stdout
    new = {**environment, "SLUIS_LOGBOEK_NAAM": "nieuw.sluis.example.nl/logboek"}
    begun = run(new, *begin)

    assert begun.exit_code == 0, begun.output
    assert "begint na 3 regels van demo.sluis.example.nl/logboek" in begun.stdout
    # Later than the first line, which has the moment of this machine.
    record(settings_of(new, logboek_naam=new["SLUIS_LOGBOEK_NAAM"]), 1_000_000_000)
    for name, place, arguments, lines in (
        ("uit-oud", old, ("--database", owner, "--schema", "logboek_oud_1"), 3),
        ("uit-nieuw", var / "logboek", (), 2),
    ):
        target = str(tmp_path / name)
        made = run(new, "audit", "export", target, *arguments, "--knoop-map", str(place))
        assert f"Geschreven: {lines} regels" in made.stdout, made.output
        assert run(new, "audit", "verify", target, "--key", str(place / "vkey")).exit_code == 0
    # And once it has begun, it is not begun again.
    assert "Verplaats eerst" in run(new, *begin).output


def test_one_person_cannot_begin_anew(environment: dict[str, str], tmp_path: Path) -> None:
    """Without a second name nothing is read and nothing is made."""
    alone = run(environment, "logboek", "herstel", "--oude-map", str(tmp_path), *POLICY[:-2])

    assert (alone.exit_code, "Twee verschillende mensen" in alone.output) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_embedded_log_has_no_nodes(tmp_path: Path) -> None:
    """Where the log is embedded, the commands for PostgreSQL say so."""
    for command in (("logboek", "knopen"), ("audit", "export", str(tmp_path / "uit"))):
        told = run({"SLUIS_DATA": str(tmp_path)}, *command)
        assert (told.exit_code, "ingebouwd" in told.output) == (2, True)


def test_server_that_is_away_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    """A server that cannot be reached gives one sentence and no address."""
    away = {
        **environment,
        "SLUIS_LOGBOEK_DATABASE": f"postgresql://sluis@/sluis?host={tmp_path}",
    }
    for command in (("logboek", "knopen"), ("audit", "export", str(tmp_path / "uit"))):
        told = run(away, *command)
        assert (told.exit_code, "verbinding met de database" in told.output) == (2, True)
        assert str(tmp_path) not in told.output


def test_password_of_the_log_comes_from_its_file(tmp_path: Path) -> None:
    """The password is put into the address; a file that is not there is told by its setting."""
    (tmp_path / "wachtwoord").write_text("ge/heim\n")
    url = "postgresql://sluis@database/sluis"
    settings = Settings(
        logboek_database=url, logboek_database_wachtwoord_bestand=tmp_path / "wachtwoord"
    )

    assert settings.logboek_url == "postgresql://sluis:ge%2Fheim@database/sluis"
    assert Settings(logboek_database=url).logboek_url == url
    assert Settings(logboek_database="ingebouwd").logboek_url is Settings().logboek_url is None
    gone = Settings(logboek_database=url, logboek_database_wachtwoord_bestand=tmp_path / "weg")
    with pytest.raises(StartError, match="SLUIS_LOGBOEK_DATABASE_WACHTWOORD_BESTAND"):
        _ = gone.logboek_url


@pytest.mark.parametrize("value", ["sqlite:///x.db", "mysql://x", "ergens"])
def test_other_database_for_the_log_is_refused(value: str) -> None:
    """The log lies in its folder or on PostgreSQL, and nowhere else."""
    with pytest.raises(StartError, match="SLUIS_LOGBOEK_DATABASE"):
        load_settings(logboek_database=value)
