"""One node as a process of its own: it records without end, and tells what was acknowledged.

python -m tests.audit.postgres.producer DIRECTORY URL NODE KLUIS
"""

import base64
import sys
import threading
from pathlib import Path

from audit.entry import Entry, Soort
from audit.errors import LogUnavailableError
from audit.ledger.pg_connection import Address
from audit.shared import open_shared
from audit.writer import Options
from tests.audit.postgres.ledgers import SIGNER, START, salt_of

MAKERS = 4


def main() -> None:
    """Record from some threads at once; print index, kenmerk and leaf of what is durable."""
    directory, url, node, kluis = sys.argv[1:]
    log = open_shared(
        Path(directory),
        Address(url=url, seconds=20.0),
        node=node,
        signer=SIGNER,
        kluis=Path(kluis),
        options=Options(publish_every=0.01),
    )
    printing = threading.Lock()

    def produce(maker: int) -> None:
        number = 0
        while True:
            kenmerk = f"{node}-{maker}-{number}"
            entry = Entry(soort=Soort.TOETSING, at=START, kenmerk=kenmerk, payload={"maker": maker})
            try:
                receipt = log.append(entry, salt_of(number)).result()
            except LogUnavailableError:
                # Whether it stands there is unknown, so the same is sent again.
                continue
            with printing:
                leaf = base64.b64encode(receipt.leaf).decode()
                sys.stdout.write(f"{receipt.index} {kenmerk} {leaf}\n")
                sys.stdout.flush()
            number += 1

    for maker in range(MAKERS):
        threading.Thread(target=produce, args=(maker,), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
