"""The store: what must be remembered, in SQLite or PostgreSQL.

await migrate(url)
store = await Store.open(url)
async with store.begin() as tx: ...   # writes; commits once, at the end
async with store.read() as tx: ...    # reads; one snapshot
"""

from broker.store.dossierfeiten import Dossierfeiten
from broker.store.migrate import migrate, revert
from broker.store.unit import ReadTx, Store, Tx

__all__ = ["Dossierfeiten", "ReadTx", "Store", "Tx", "migrate", "revert"]
