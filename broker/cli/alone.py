"""Work at the command line that needs the log to itself, done in the name of a person.

The log has one writer. Beside a running broker the same goes through its API.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from broker.cli.options import settings_of_data
from broker.errors import StartError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from broker.api.context import Context
    from broker.api.rollen import Actie
    from broker.app import OpenServices
    from broker.services.caller import Beller
    from broker.settings import Settings

    M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def run_alone(
    folder: Path | None,
    wie: str,
    actie: "Actie",
    work: "Callable[[OpenServices, Context], Awaitable[T]]",
    *,
    api: str,
) -> T:
    """Open everything, check that this person may do this, and do it.

    Args:
        folder: The folder with the data, or None.
        wie: The gebruiker.
        actie: What is done.
        work: The work itself.
        api: Where the same is found in the API of a running broker.

    Raises:
        StartError: The broker runs on this folder, or the input is wrong; tells all of it.
        BrokerError: It may not be done, or failed.
    """
    return asyncio.run(_run(settings_of_data(folder), wie, (actie, api), work))


async def _run(
    settings: "Settings",
    wie: str,
    what: "tuple[Actie, str]",
    work: "Callable[[OpenServices, Context], Awaitable[T]]",
) -> T:
    from audit.errors import LogInUseError
    from broker.api.context import authorised
    from broker.app import open_services
    from broker.errors import InvalidInputError

    actie, api = what
    try:
        async with open_services(settings) as services:
            context = authorised(await beller_of(services, wie), services.rollen, actie)
            return await work(services, context)
    except StartError as error:
        if isinstance(error.__cause__, LogInUseError):
            raise StartError(
                "De broker draait op deze map en houdt het logboek vast. "
                f"Gebruik de API ({api}), of stop de broker."
            ) from None
        raise
    except InvalidInputError as error:
        lines = [f"{fout.pointer.strip('/')}: {fout.melding}" for fout in error.fouten]
        raise StartError("\n".join([error.detail, *lines])) from None


async def beller_of(services: "OpenServices", wie: str) -> "Beller":
    """Return this person as the store knows them; who is on the machine is trusted to say who.

    Raises:
        NotFoundError: There is no such gebruiker.
    """
    from broker.services.caller import Beller, Functie

    async with services.store.read() as tx:
        row = await tx.gebruikers.get(wie)
        organisatie = await tx.organisaties.get(row["organisatie"])
    return Beller(
        gebruiker=row["id"],
        organisatie=row["organisatie"],
        deelnemer=row["deelnemer"],
        functie=Functie(row["functie"]),
        riec=organisatie["riec"],
        verband=organisatie["verband"],
    )


def checked(model: "type[M]", given: Mapping[str, Any]) -> "M":
    """Read what was typed as the API reads it.

    Raises:
        InvalidInputError: With everything that is wrong.
    """
    from pydantic import ValidationError

    from broker.api.problems import fouten_of
    from broker.errors import InvalidInputError

    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidInputError(fouten=fouten_of(error)) from None
