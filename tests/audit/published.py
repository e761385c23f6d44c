"""Published vectors of others, as they lie in `vectoren/`; where they come from stands there."""

import json
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import decode_base64
from audit.cosignature import Kind

VECTOREN = Path(__file__).parent / "vectoren"


def load(name: str) -> Any:  # noqa: ANN401 - each file has a form of its own
    """Load a file of vectors."""
    text = (VECTOREN / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def private(encoded: str) -> Ed25519PrivateKey:
    """Read a private key as golang.org/x/mod writes it: a type byte and the seed."""
    data = decode_base64(encoded)
    assert data[0] == Kind.ED25519
    return Ed25519PrivateKey.from_private_bytes(data[1:])
