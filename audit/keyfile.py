"""Files with private keys: PEM (PKCS #8, no password), for their owner only."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from audit.errors import NoteError
from audit.signer import PrivateKey, Signer

MAX_KEY_FILE = 100_000
"""Bytes that are read of a key file."""


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key as PEM (PKCS8), readable for its owner only; never over a file.

    Raises:
        NoteError: The file exists already or cannot be written.
    """
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(handle)
    except FileExistsError:
        raise NoteError("Er staat al een sleutel; die wordt niet overschreven.") from None
    except OSError as error:
        raise NoteError("De sleutel kan niet worden weggeschreven.") from error


def load_key(path: Path, owner: str) -> PrivateKey:
    """Load a private key from a PEM file.

    Args:
        path: The file.
        owner: Whose key it is, for the sentence: "het logboek", "de getuige".

    Raises:
        NoteError: The file is absent, open to others, or holds no key that we can sign with.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise NoteError("De sleutel is voor anderen leesbaar; geef het bestand mode 600.")
        with path.open("rb") as file:
            pem = file.read(MAX_KEY_FILE)
        key = serialization.load_pem_private_key(pem, password=None)
    except FileNotFoundError:
        raise NoteError(f"De sleutel van {owner} ontbreekt.") from None
    except OSError as error:
        raise NoteError(f"De sleutel van {owner} kan niet worden gelezen.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NoteError("Het bestand bevat geen bruikbare sleutel.") from None
    if not isinstance(key, Ed25519PrivateKey | MLDSA44PrivateKey):
        raise NoteError(f"De sleutel van {owner} is geen Ed25519- of ML-DSA-44-sleutel.")
    return key


def load_signer(path: Path, name: str) -> Signer:
    """Load the Ed25519 key of a log from a PEM file.

    Raises:
        NoteError: The file is absent, open to others, or holds no Ed25519 key.
    """
    key = load_key(path, "het logboek")
    if not isinstance(key, Ed25519PrivateKey):
        raise NoteError("De sleutel van het logboek is geen Ed25519-sleutel.")
    return Signer.of(name, key)


def load_second_signer(path: Path, name: str) -> Signer:
    """Load the ML-DSA-44 key with which a log signs beside its Ed25519 key.

    Raises:
        NoteError: The file is absent, open to others, or holds no ML-DSA-44 key.
    """
    key = load_key(path, "het logboek")
    if not isinstance(key, MLDSA44PrivateKey):
        raise NoteError("De tweede sleutel van het logboek is geen ML-DSA-44-sleutel.")
    return Signer.of(name, key)
