"""How columns look: names of constraints, moments, lists, codes."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    MetaData,
    RowMapping,
    String,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

Rij = dict[str, Any]
"""One record as plain data; its members are the contract's, or the columns of its table."""

Velden = Mapping[str, Any] | RowMapping
"""A record to read from: plain data, or a row of the database."""


class Moment(TypeDecorator[dt.datetime]):
    """An aware moment, in UTC on the way out. SQLite keeps no offset, so UTC is put in and read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Turn the moment into UTC.

        Raises:
            ValueError: The moment has no offset.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs an offset")
        moment = value.astimezone(dt.UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    @override
    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Give the moment back in UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """All tables.

    A fact of the contract (date, or moment with offset) is kept as the text that was given:
    a besluit must be computed again from exactly that. Only moments of the broker are `Moment`.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: String(),
        dt.datetime: Moment(),
        # An absent list is NULL (unknown), never the JSON text `null`.
        list[str]: JSON(none_as_null=True),
        dict[str, Any]: JSON(none_as_null=True),
    }


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """Hold a code column to its list."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def pseudonym(column: str = "sleutel") -> CheckConstraint:
    """Refuse a bare number where a pseudonym belongs."""
    return CheckConstraint(f"{column} LIKE 'p-%' OR {column} LIKE 'r-%'", name=column)
