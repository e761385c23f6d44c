"""Reads from the settings who confirms the log, and puts the anchoring together."""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx2

from adapters.tsa import Stempeldienst as Tsa
from audit.ankers import NAME, Ankers
from audit.chain import load_certificates
from audit.disk import Disk
from audit.errors import PolicyError, StampError
from audit.log import Log
from audit.note import Vkey
from audit.policy import NONE, Policy
from audit.witness.client import WitnessClient
from broker.errors import StartError
from broker.services.anchored import Own
from broker.services.coverage import Coverage
from broker.services.outsiders import Outsiders, Stempeldienst
from broker.services.verankering import Cadence, Verankering, World, teller
from broker.settings import Omgeving, Settings

_ENOUGH: Final = 2
"""Authorities that production needs: then one may fail, or be bent."""
_ADDRESS: Final = re.compile(r"https?://\S+")


def verankering(
    settings: Settings, log: Log, vkeys: Sequence[Vkey], client: httpx2.AsyncClient, world: World
) -> tuple[Verankering, Coverage]:
    """Return what anchors the log, not begun yet, and what knows how far it is confirmed.

    Raises:
        StartError: The settings of the anchoring are wrong, or not enough for production.
    """
    policy, getuigen = _witnesses(settings, vkeys) or (None, None)
    outsiders = Outsiders(policy=policy, getuigen=getuigen, diensten=_authorities(settings, client))
    _check_enough(settings, outsiders)
    coverage = Coverage(
        log,
        world.clock,
        outsiders=outsiders.sorts,
        budget=dt.timedelta(seconds=settings.max_ongeankerd_seconden),
        changed=teller(world.logger),
    )
    anchoring = Verankering(
        Own(log=log, vkeys=tuple(vkeys), ankers=Ankers(log=settings.log_folder, disk=Disk())),
        outsiders=outsiders,
        coverage=coverage,
        world=world,
        cadence=Cadence(getuigen=settings.getuigen_seconden, stempels=settings.stempel_seconden),
    )
    return anchoring, coverage


def _witnesses(settings: Settings, vkeys: Sequence[Vkey]) -> tuple[Policy, WitnessClient] | None:
    """Read the policy; None: no witness is asked for."""
    if settings.policy_bestand is None:
        return None
    try:
        policy = Policy.load(settings.policy_bestand)
    except PolicyError as error:
        raise StartError(f"SLUIS_POLICY_BESTAND is niet te gebruiken. {error}") from error
    if not {log.vkey for log in policy.logs} & set(vkeys):
        raise StartError("In SLUIS_POLICY_BESTAND staat de sleutel van dit logboek niet.")
    if policy.quorum == NONE:
        return None
    if not policy.reached([each.name for each in policy.witnesses if each.url is not None]):
        raise StartError(
            "In SLUIS_POLICY_BESTAND staan te weinig adressen van getuigen om het quorum te halen."
        )
    return policy, WitnessClient(policy=policy, seconds=settings.anker_seconden)


def _authorities(settings: Settings, client: httpx2.AsyncClient) -> tuple[Stempeldienst, ...]:
    folder = settings.stempeldiensten
    if folder is None:
        return ()
    try:
        addresses = sorted(folder.glob("*.url"))
        found = tuple(_authority(path, settings, client) for path in addresses)
    except OSError:
        raise StartError("De map van SLUIS_STEMPELDIENSTEN is niet te lezen.") from None
    if not found:
        raise StartError("In de map van SLUIS_STEMPELDIENSTEN staat geen bestand <naam>.url.")
    return found


def _authority(path: Path, settings: Settings, client: httpx2.AsyncClient) -> Stempeldienst:
    name = path.stem
    if not NAME.fullmatch(name):
        raise StartError(
            "De naam van een bestand in SLUIS_STEMPELDIENSTEN heeft kleine letters, cijfers en"
            " streepjes, en hoogstens 40 tekens."
        )
    try:
        address = path.read_text(encoding="utf-8").strip()
        trusted = load_certificates(path.with_suffix(".pem").read_bytes())
    except (OSError, UnicodeDecodeError):
        raise StartError(
            f"Van tijdstempeldienst {name} is {name}.url of {name}.pem niet te lezen."
        ) from None
    except StampError as error:
        raise StartError(f"Van tijdstempeldienst {name} klopt {name}.pem niet. {error}") from None
    if not _ADDRESS.fullmatch(address):
        # The address is not repeated: it may hold a password.
        raise StartError(f"In {name}.url staat geen adres dat begint met http:// of https://.")
    tsa = Tsa(client=client, adres=address, seconden=settings.anker_seconden)
    return Stempeldienst(name=name, tsa=tsa, trusted=trusted)


def _check_enough(settings: Settings, outsiders: Outsiders) -> None:
    if settings.omgeving is not Omgeving.PRODUCTIE:
        return
    if outsiders.getuigen is None:
        raise StartError("In productie heeft SLUIS_POLICY_BESTAND een quorum van getuigen.")
    if len(outsiders.diensten) < _ENOUGH:
        raise StartError("In productie staan er twee of meer diensten in SLUIS_STEMPELDIENSTEN.")
