"""Messages on the fixture of the certification scenario, put together from their parts."""

from typing import Any

Bericht = dict[str, Any]
ALICE: Bericht = {"type": "user", "id": "alice"}
BOB: Bericht = {"type": "user", "id": "bob"}
ADMIN: Bericht = {**BOB, "properties": {"role": "admin"}}
USER: Bericht = {"type": "user"}
RECORD: Bericht = {"type": "record"}
RECORD_1: Bericht = {"type": "record", "id": "record-1"}
RECORD_2: Bericht = {"type": "record", "id": "record-2"}
ACTIVE: Bericht = {**RECORD_1, "properties": {"status": "active"}}
ARCHIVED: Bericht = {**RECORD_2, "properties": {"status": "archived"}}
READ: Bericht = {"name": "read"}
WRITE: Bericht = {"name": "write"}
CONTEXT: Bericht = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}


def delete(*, soft: bool) -> Bericht:
    """Return the action to delete."""
    return {"name": "delete", "properties": {"soft": soft}}


def asks(subject: Bericht, action: Bericht, resource: Bericht, **more: Any) -> Bericht:  # noqa: ANN401
    """Return a question."""
    return {"subject": subject, "action": action, "resource": resource, **more}


def without(message: Bericht, *path: str) -> Bericht:
    """Return a message without the member at this path."""
    name, rest = path[0], path[1:]
    if rest:
        return {**message, name: without(message[name], *rest)}
    return {key: value for key, value in message.items() if key != name}


ALLOWED: Bericht = asks(ALICE, READ, RECORD_1)
DENIED: Bericht = asks(BOB, WRITE, RECORD_1)
WHO_READS: Bericht = asks(USER, READ, RECORD_1)
ALICE_READS: Bericht = asks(ALICE, READ, RECORD)
ALICE_DOES: Bericht = {"subject": ALICE, "resource": RECORD_1}
