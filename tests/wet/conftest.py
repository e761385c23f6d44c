"""The real app of tests/api, for rules that live in the doors, the store and the API."""

from tests.adapters.conftest import client
from tests.api.conftest import boete, vraag, world
from tests.api.test_api_riec import wide

__all__ = ["boete", "client", "vraag", "wide", "world"]
