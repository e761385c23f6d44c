"""Puts zaken and the demo set-up from their files into an empty store, as one recorded change."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from broker.domain.pseudoniem import Pseudonimiseerder
from broker.seeds import DemoSeed, PersoonskaartSeed, SignaalSeed, ZaakSeed
from broker.services.caller import Beller, Functie
from broker.services.keeper import Keeper
from broker.store import Tx

_LOADER: Final = Beller(
    gebruiker="beheer-1", organisatie="riec-nh", deelnemer=None, functie=Functie.BEHEERDER
)


async def load(
    keeper: Keeper,
    pseudoniem: Pseudonimiseerder,
    *,
    zaken: Sequence[ZaakSeed],
    demo: DemoSeed,
    addresses: Mapping[str, str],
) -> None:
    """Store the zaken, organisaties, gebruikers, signalen and persoonskaarten, all or nothing.

    Args:
        keeper: Records the change with it.
        pseudoniem: Turns the test numbers of the cards into pseudonyms.
        zaken: The zaken of the seed files.
        demo: Who takes part, and who is asked about.
        addresses: Where the source of an organisatie answers.

    Raises:
        ConflictError: The store is not empty.
    """

    async def work(tx: Tx) -> None:
        await _parties(tx, demo, addresses)
        await _zaken(tx, demo.signalen, zaken)
        for kaart in demo.persoonskaarten:
            await tx.persoonskaarten.open(
                kaart=kaart.id, zaak=kaart.zaak, betrokkene=_betrokkene(kaart, pseudoniem)
            )

    await keeper.change(_LOADER, "gegevens-geladen", {"zaken": [z.id for z in zaken]}, work)


async def _parties(tx: Tx, demo: DemoSeed, addresses: Mapping[str, str]) -> None:
    for organisatie in demo.organisaties:
        address = addresses.get(organisatie.id)
        await tx.organisaties.insert(
            organisatie.id,
            naam=organisatie.naam,
            deelnemers=organisatie.deelnemers,
            bron_soort=organisatie.bron if address else "geen",
            bron_adres=address,
            riec=organisatie.riec,
            verband=organisatie.verband,
        )
    for gebruiker in demo.gebruikers:
        await tx.gebruikers.insert(_columns(gebruiker))


async def _zaken(tx: Tx, signalen: Sequence[SignaalSeed], zaken: Sequence[ZaakSeed]) -> None:
    """Store each zaak between the report of its signaal and the weighing of it."""
    for signaal in signalen:
        await tx.signalen.report(_report(signaal))
    for zaak in zaken:
        facts = {"titel": zaak.titel, "beschrijving": zaak.beschrijving()}
        await tx.zaken.insert({**zaak.dossier, **facts})
    for signaal in signalen:
        if signaal.status != "aangemeld":
            await tx.signalen.weigh(
                signaal.id,
                status=signaal.status,
                door=signaal.gewogen_door or "",
                op=signaal.gewogen_op or "",
            )


def _columns(seed: Any) -> dict[str, Any]:  # noqa: ANN401 - any frozen seed
    return {name: getattr(seed, name) for name in seed.__slots__}


def _report(signaal: SignaalSeed) -> dict[str, Any]:
    """Return the report; a zaak that it led to comes afterwards and links itself."""
    return {
        "id": signaal.id,
        "melder": signaal.melder,
        "omschrijving": signaal.omschrijving,
        "gemeld_op": signaal.gemeld_op,
    }


def _betrokkene(kaart: PersoonskaartSeed, pseudoniem: Pseudonimiseerder) -> dict[str, Any]:
    open_since = kaart.onderzoek
    return {
        "sleutel": pseudoniem.sleutel(kaart.identiteit),
        "soort": kaart.soort,
        "relatie": kaart.relatie,
        "afstand": kaart.afstand,
        "gebieden": list(kaart.gebieden),
        "band": list(kaart.band),
        "branches": list(kaart.branches),
        "signalen": list(kaart.signalen),
        "onderzoek": _columns(open_since),
    }
