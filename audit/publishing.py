"""Publishing what was written: tiles, then the checkpoint, in a thread of its own.

At most once in so many seconds, and at the end. What cannot be published poisons the writer:
who cannot show the record may not go on recording.
"""

import threading
from pathlib import Path

from audit.disk import CHECKPOINT, publish
from audit.errors import LogUnavailableError
from audit.ledger import Head
from audit.note import Checkpoint, Note
from audit.publisher import Publisher
from audit.tiles import TileReader
from audit.writer import Options, Writer


class Publishing:
    """Publishes the newest head of a writer again and again."""

    def __init__(
        self,
        directory: Path,
        writer: Writer,
        *,
        publisher: Publisher,
        files: TileReader,
        options: Options,
    ) -> None:
        """Start the thread. What the writer begins with was published already."""
        self._directory = directory
        self._writer = writer
        self._publisher = publisher
        self._files = files
        self._options = options
        self._published = writer.head.note
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-publisher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Publish what is new and stop, when nobody writes any more. May be called again."""
        self._stopping.set()
        self._writer.written.set()
        self._thread.join()

    def _run(self) -> None:
        options, written = self._options, self._writer.written
        due = options.ticks() + options.publish_every
        try:
            while True:
                written.wait()
                self._stopping.wait(max(0.0, due - options.ticks()))
                # First this: whatever is written from here on comes in a next round.
                stopping = self._stopping.is_set()
                written.clear()
                try:
                    self._publish(self._writer.head)
                except LogUnavailableError:
                    # The database is away; who opens the log after this publishes it.
                    written.set()
                due = options.ticks() + options.publish_every
                if stopping:
                    return
        except Exception as error:  # noqa: BLE001 - whatever failed, nothing may be recorded now
            self._writer.poison(error)

    def _publish(self, head: Head) -> None:
        if head.note == self._published or self._writer.trouble is not None:
            return
        publish_head(self._directory, head, self._publisher, self._options)
        self._published = head.note
        self._files.size = head.size
        self._publisher.settle()


def publish_head(directory: Path, head: Head, publisher: Publisher, options: Options) -> None:
    """Bring tiles to the platter, and then the checkpoint that covers them.

    Raises:
        TileError: The lines are not those that were published before.
        OSError: The disk fails.
    """
    text = Note.parse(head.note).text
    publisher.prepare(Checkpoint.parse(text))
    more = options.also.line(text) if options.also else ""
    publish(options.disk, directory / CHECKPOINT, head.note + more)
