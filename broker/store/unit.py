"""The store: units of work on one database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broker.errors import RecordError
from broker.store.beslislogboek import Beslislogboek
from broker.store.besluiten import Besluiten
from broker.store.dossierfeiten import Dossierfeiten, ZaakCache, read_dossierfeiten
from broker.store.engine import open_engine, reading, writing
from broker.store.failures import BUSY, translated
from broker.store.gebruikers import Gebruikers
from broker.store.instemmingen import Instemmingen
from broker.store.inzageverzoeken import Inzageverzoeken
from broker.store.migrate import head
from broker.store.organisaties import Organisaties
from broker.store.persoonskaarten import Persoonskaarten
from broker.store.regelversies import Regelversies
from broker.store.signalen import Signalen
from broker.store.snapshot import Snapshot, read_snapshot
from broker.store.steekproeven import Steekproeven
from broker.store.toegang import Toegang
from broker.store.uitstellen import Uitstellen
from broker.store.verzoeken import Verzoeken
from broker.store.zaken import Zaken


class Tx:
    """One unit of work: everything in it happens, or nothing."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn
        self.organisaties = Organisaties(conn)
        self.gebruikers = Gebruikers(conn)
        self.toegang = Toegang(conn)
        self.zaken = Zaken(conn)
        self.signalen = Signalen(conn)
        self.persoonskaarten = Persoonskaarten(conn)
        self.instemmingen = Instemmingen(conn)
        self.verzoeken = Verzoeken(conn)
        self.besluiten = Besluiten(conn)
        self.beslislogboek = Beslislogboek(conn)
        self.regelversies = Regelversies(conn)
        self.inzageverzoeken = Inzageverzoeken(conn)
        self.uitstellen = Uitstellen(conn)
        self.steekproeven = Steekproeven(conn)


class ReadTx(Tx):
    """A unit of work that only reads, all from one snapshot.

    Dossiers are read here and not in a `Tx`: there each query may see a later moment.
    """

    def __init__(self, conn: AsyncConnection, cache: ZaakCache) -> None:
        super().__init__(conn)
        self._cache = cache

    async def dossierfeiten(
        self, *, gebruiker: str, zaak: str | None, sleutel: str | None
    ) -> Dossierfeiten:
        """Return what the store knows for a dossier at this moment.

        Args:
            gebruiker: Who asks.
            zaak: The zaak named, or None for a bilateral basis.
            sleutel: The pseudonym of the subject, or None.

        Raises:
            NotFoundError: There is no such gebruiker.
        """
        return await read_dossierfeiten(
            self._conn, self._cache, gebruiker=gebruiker, zaak=zaak, sleutel=sleutel
        )

    async def snapshot(self) -> Snapshot:
        """Return all facts that a dossier may need, for work that asks very many of them."""
        return await read_snapshot(self._conn)


class Store:
    """One database, with its connections and the zaken it keeps in memory."""

    def __init__(self, engine: AsyncEngine, *, wait: float) -> None:
        self._engine = engine
        self._wait = wait
        self._reading = reading(engine)
        self._writing = writing(engine)
        self._cache = ZaakCache()
        # SQLite has one writer. In one process they queue here, each in turn, rather than poll.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    async def open(cls, url: str, *, wait: float = 5.0) -> Self:
        """Connect to a database that was migrated.

        Args:
            url: `sqlite:///file` or `postgresql://…`.
            wait: Seconds to wait for a lock or a connection before the work fails.

        Raises:
            InvalidInputError: The address is no database that Sluis knows.
            RecordError: It is unreachable, or its tables are of another version.
        """
        store = cls(open_engine(url, wait=wait), wait=wait)
        try:
            await store._check_version()
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """Open a unit of work that writes; it commits once, at the end, or not at all.

        When this returns without an error, what was written is durable.

        Raises:
            ConflictError: Something is there already, or refers to nothing.
            InvalidInputError: A value does not fit.
            RecordError: The database is locked, full or unreachable: nothing was written.
        """
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                await self._take(self._turn)
                stack.callback(self._turn.release)
            stack.enter_context(translated())
            yield Tx(await stack.enter_async_context(self._writing.begin()))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadTx]:
        """Open a unit of work that reads from one snapshot.

        Raises:
            RecordError: The database is locked or unreachable.
        """
        with translated():
            async with self._reading.connect() as conn:
                yield ReadTx(conn, self._cache)

    async def _take(self, turn: asyncio.Lock) -> None:
        """Wait for our turn to write, for as long as for any lock."""
        try:
            async with asyncio.timeout(self._wait):
                await turn.acquire()
        except TimeoutError:
            raise RecordError(BUSY) from None

    async def _check_version(self) -> None:
        """Refuse tables that this program does not know.

        Raises:
            RecordError: They are missing, older or newer.
        """
        with translated():
            async with self._reading.connect() as conn:
                there = await conn.run_sync(
                    lambda sync: sync.dialect.has_table(sync, "alembic_version")
                )
                query = text("SELECT version_num FROM alembic_version")
                found = list((await conn.execute(query)).scalars()) if there else []
        if found != [head()]:
            raise RecordError(
                "De tabellen van de database ontbreken of zijn van een andere versie. "
                "Voer eerst de migraties uit."
            )
