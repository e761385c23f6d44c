"""The decider of this checkout, loaded once."""

import pytest

from broker.decision.decide import Decider
from broker.decision.register import default_root


@pytest.fixture(scope="session")
def decider() -> Decider:
    """Give the decider with the rules and the law of this checkout."""
    return Decider.load(default_root())
