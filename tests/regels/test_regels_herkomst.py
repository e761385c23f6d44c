"""Where rules come from: nothing unsigned is tried, and nothing changed below the store is used."""

from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker.decision.opa.bundle import Ondertekenaar
from broker.decision.regelset import Regelset
from broker.errors import DecisionError, InvalidInputError
from broker.services.handtekening import Handtekening, read_key
from broker.services.regelversies import Regelversies
from tests.regels.conftest import BEHEERDER, REDEN, Node, changed, shipped

STRICT: Final = changed(
    "policies/besluit/vrager.rego",
    ("[1 | persoon.gescreend_op != null]", '[1 | persoon.gescreend_op == "nooit"]'),
)
BROKEN: Final = Regelset(
    bestanden={**shipped().bestanden, "policies/besluit/vrager.rego": b"geen rego"}
)


def signer() -> Ondertekenaar:
    """Make a key to sign rules with."""
    return Ondertekenaar(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


async def test_unsigned_rules_are_not_even_loaded(node: Node) -> None:
    """Where a signature is asked it is looked at before the rules, which may be made to harm."""
    services = node.services
    versies = Regelversies(
        store=services.store,
        keeper=services.keeper,
        regels=services.regels,
        clock=node.clock,
        sleutel=Handtekening(read_key(signer().public_key())),
    )
    for handtekening in (None, signer().jwt({"regelset": BROKEN.digest})):
        with pytest.raises(InvalidInputError) as refused:
            await versies.propose(
                BEHEERDER, archief=BROKEN.to_archive(), reden=REDEN, handtekening=handtekening
            )
        assert [fout.pointer for fout in refused.value.fouten] == ["/handtekening"]


async def test_other_content_under_the_number_of_a_version_does_not_decide(node: Node) -> None:
    """An archive that is not of its digest was never tested or approved: no verdict."""
    number = f"sha256:{'0' * 64}"
    async with node.services.store.begin() as tx:
        await tx.regelversies.insert(number, STRICT.to_archive())

    with pytest.raises(DecisionError, match="niet die van hun nummer"):
        await node.services.regels.of(number)
