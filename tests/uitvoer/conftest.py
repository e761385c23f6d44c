"""The real app with a real log, and the privacyfunctionarissen that exports need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.api.context import hash_token
from tests.api.conftest import NOW, World, boete, running, vraag

__all__ = ["boete", "vraag"]
FUNCTIONARISSEN = {"fg-2": "riec-nh", "fg-nla": "nla", "fg-uwv": "uwv"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Start the app with the demo data, a second fg at the RIEC and one at two partners."""
    async with running(tmp_path) as found:
        async with found.services.store.begin() as tx:
            for naam, organisatie in FUNCTIONARISSEN.items():
                await tx.gebruikers.insert(
                    {
                        "id": naam,
                        "organisatie": organisatie,
                        "deelnemer": None,
                        "functie": "privacyfunctionaris",
                        "rol": "toetser",
                        "geautoriseerd_tot": "2027-12-01",
                        "gescreend_op": "2025-02-04",
                        "opgeleid_op": "2025-05-20",
                    }
                )
                await tx.toegang.issue(
                    hash_token(f"token-{naam}"),
                    gebruiker=naam,
                    op=NOW,
                    geldig_tot=NOW.replace(year=2028),
                )
        yield found
