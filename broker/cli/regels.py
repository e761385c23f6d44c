"""`sluis regels`: see which rules decide, and bring other ones into force.

The log has one writer. So whatever changes something is done here only while the broker stands
still; beside a running broker it goes through its API (`/v1/regelversies`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from broker.cli.alone import checked, run_alone
from broker.cli.options import Map, plainly, settings_of_data
from broker.errors import StartError

if TYPE_CHECKING:
    from broker.api.context import Context
    from broker.api.rollen import Actie
    from broker.app import OpenServices
    from broker.domain.regelversie import Regelversie
    from broker.settings import Settings

app = typer.Typer(
    help="De regels zelf: bekijken, voorstellen, beproeven, goedkeuren en invoeren.",
    no_args_is_help=True,
)
SHOWN: Final = 12
"""Characters of a digest that people read."""
_SHA: Final = "sha256:"
Wie = Annotated[
    str,
    typer.Option(
        "--gebruiker", help="Uw nummer in Sluis, zoals beheer-1. Het komt in het logboek."
    ),
]
Versie = Annotated[str, typer.Argument(help="Het nummer van de regelversie; het begin is genoeg.")]


@app.command("lijst")
def lijst(*, folder: Map = None) -> None:
    """Laat alle versies zien, en welke er nu geldt. Dit kan ook terwijl de broker draait."""
    with plainly():
        asyncio.run(_list(settings_of_data(folder)))


@app.command("voorstel")
def voorstel(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="Een map of archief met regels; zonder: die van deze versie van Sluis."
        ),
    ] = None,
    *,
    wie: Wie,
    reden: Annotated[str, typer.Option("--reden", help="Waarom, in ten minste 20 tekens.")],
    sleutel: Annotated[
        Path | None,
        typer.Option(help="De sleutel voor de handtekening: EC (P-256) of RSA, in PEM."),
    ] = None,
    correctie: Annotated[
        bool, typer.Option("--correctie", help="Verbeter fouten in bestanden met een datum.")
    ] = False,
    folder: Map = None,
) -> None:
    """Stel andere regels voor. Ze worden meteen geladen; u ziet alle fouten in één keer."""
    from broker.api.regelversies import NieuweRegelversie
    from broker.api.rollen import Actie

    async def work(services: "OpenServices", context: "Context") -> "Regelversie":
        asked, archief = checked(NieuweRegelversie, {"reden": reden}), _archive(path)
        return await services.regelversies.propose(
            context.beller,
            archief=archief,
            reden=asked.reden,
            handtekening=_signature(archief, sleutel),
            correctie=correctie,
        )

    _change(folder, wie, Actie.REGELS_VOORSTELLEN, work)


@app.command("beproef")
def beproef(
    versie: Versie,
    *,
    wie: Wie,
    van: Annotated[str | None, typer.Option("--van", help="Vanaf deze datum.")] = None,
    tot: Annotated[str | None, typer.Option("--tot", help="Tot deze datum.")] = None,
    folder: Map = None,
) -> None:
    """Neem vastgelegde besluiten opnieuw, met de regels van nu en met deze: wat wordt anders?"""
    from broker.api.regelversies import NieuweBeproeving
    from broker.api.rollen import Actie
    from broker.api.velden import instant_of
    from broker.cli.show import show_difference

    async def work(services: "OpenServices", context: "Context") -> "Regelversie":
        asked = checked(NieuweBeproeving, {"van": van, "tot": tot})
        bounds = {"van": instant_of(asked.van, "/van"), "tot": instant_of(asked.tot, "/tot")}
        digest = await _digest(services, versie)
        with _counting() as progress:
            found = await services.regelversies.test(
                context.beller, digest, progress=progress, **bounds
            )
        show_difference(found.stappen[-1].inhoud)
        return found

    _change(folder, wie, Actie.REGELS_BEPROEVEN, work)


@app.command("keur")
def keur(
    versie: Versie,
    *,
    wie: Wie,
    kenmerk: Annotated[
        str | None,
        typer.Option(help="Kenmerk van het advies van de rechtmatigheidsadviescommissie."),
    ] = None,
    datum: Annotated[str | None, typer.Option(help="Datum van dat advies: 2026-11-20.")] = None,
    afwijking: Annotated[
        str | None, typer.Option(help="Waarom u van het advies afwijkt (BGS 1.13 lid 6).")
    ] = None,
    folder: Map = None,
) -> None:
    """Keur een beproefde versie goed. Dat doet een ander dan wie haar voorstelde."""
    from broker.api.regelversies import Goedkeuring
    from broker.api.rollen import Actie

    given = {"kenmerk": kenmerk, "datum": datum} if kenmerk or datum else None

    async def work(services: "OpenServices", context: "Context") -> "Regelversie":
        asked = checked(Goedkeuring, {"advies": given, "afwijking": afwijking})
        digest, advies = await _digest(services, versie), asked.model_dump(exclude_none=True)
        return await services.regelversies.approve(context.for_all(), digest, advies)

    _change(folder, wie, Actie.REGELS_GOEDKEUREN, work)


@app.command("voer-in")
def voer_in(versie: Versie, *, wie: Wie, folder: Map = None) -> None:
    """Laat een goedgekeurde versie gelden. Met een eerdere versie gaat u terug."""
    from broker.api.rollen import Actie

    async def work(services: "OpenServices", context: "Context") -> "Regelversie":
        return await services.regelversies.take_into_use(
            context.beller, await _digest(services, versie)
        )

    _change(folder, wie, Actie.REGELS_INVOEREN, work)


async def _list(settings: "Settings") -> None:
    """Show all versions, from the store alone: a running broker holds the log."""
    from broker.api.application import OTHER_RULES
    from broker.decision.regelset import Regelset
    from broker.decision.register import default_root
    from broker.store import Store

    geleverd = Regelset.from_folder(default_root()).digest
    store = await Store.open(settings.database_url)
    try:
        async with store.read() as tx:
            found = await tx.regelversies.list()
    finally:
        await store.close()
    _show(found, geleverd)
    if not any(versie.in_werking and versie.digest == geleverd for versie in found):
        typer.echo(OTHER_RULES)


def _change(
    folder: Path | None,
    wie: str,
    actie: "Actie",
    work: "Callable[[OpenServices, Context], Awaitable[Regelversie]]",
) -> None:
    """Take one step as this person, who must have the functie for it; tell where it stands now."""
    with plainly():
        versie = run_alone(folder, wie, actie, work, api="/v1/regelversies")
        typer.echo(f"Regelversie {_short(versie.digest)} is nu: {versie.status}.")


async def _digest(services: "OpenServices", begin: str) -> str:
    """Return the digest of the one version that begins so.

    Raises:
        NotFoundError: There is none, or more than one.
    """
    from broker.errors import NotFoundError

    wanted = begin.removeprefix(_SHA)
    found = [versie.digest for versie in await services.regelversies.list()]
    fitting = [digest for digest in found if digest.removeprefix(_SHA).startswith(wanted)]
    if len(fitting) != 1 or not wanted:
        raise NotFoundError("Geen regelversie begint zo, of meer dan een. Zie: sluis regels lijst.")
    return fitting[0]


def _archive(path: Path | None) -> bytes | None:
    """Return the rule set of a folder or an archive as an archive; None stays None."""
    from broker.decision.regelset import Regelset, RegisterError

    if path is None:
        return None
    try:
        return Regelset.from_path(path).to_archive()
    except RegisterError as error:
        raise StartError(str(error)) from None


def _signature(archief: bytes | None, sleutel: Path | None) -> str | None:
    """Return the signature under a rule set; None without a key, or for the shipped one."""
    from broker.decision.opa.bundle import BundleError, Ondertekenaar
    from broker.decision.regelset import Regelset, RegisterError
    from broker.services.handtekening import SIGNED

    if archief is None or sleutel is None:
        return None
    try:
        signer = Ondertekenaar(sleutel.read_bytes())
        return signer.jwt({SIGNED: Regelset.from_archive(archief).digest})
    except OSError:
        raise StartError(f"{sleutel}: dit bestand is niet te lezen.") from None
    except (BundleError, RegisterError) as error:
        raise StartError(str(error)) from None


@contextmanager
def _counting() -> Iterator[Callable[[int], None]]:
    """Show on standard error how many besluiten were done."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn

    columns = (SpinnerColumn(), "{task.description}", "{task.completed}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Besluiten opnieuw nemen:", total=None)
        yield lambda done: progress.update(task, completed=done)


def _show(found: "Sequence[Regelversie]", geleverd: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Regelversie", "Status", "Sinds", "Door", "Van deze software")
    for versie in found:
        last = versie.stappen[-1]
        table.add_row(
            _short(versie.digest),
            str(versie.status),
            last.op.astimezone().strftime("%d-%m-%Y %H:%M"),
            last.door or "Sluis",
            "ja" if versie.digest == geleverd else "nee",
        )
    Console().print(table)


def _short(digest: str) -> str:
    return digest.removeprefix(_SHA)[:SHOWN]
