"""The files of the log are for their owner alone."""

import os
import stat
from pathlib import Path

from tests.audit.logs import an_entry, open_log


def test_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The database and the files beside it have mode 0600, whatever the umask lets through."""
    before = os.umask(0)
    try:
        with open_log(tmp_path) as log:
            log.append_many([an_entry(0)]).result()
            modes = {
                path.name: stat.S_IMODE(path.stat().st_mode)
                for path in tmp_path.glob("log.sqlite*")
            }
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"), 0o600)
