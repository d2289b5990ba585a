"""Text on both databases: its length, how one is found in another, and how PostgreSQL, which takes no NUL, holds it."""

from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

# "Substitute", a control character of no use elsewhere; it stands for itself or for NUL, as the digit after it says.
MARK: Final = "\x1a"


def escaped(text: str) -> str:
    """The text without NUL. Different texts stay different; those without control characters stay as they are."""
    if "\x00" in text or MARK in text:
        return text.replace(MARK, f"{MARK}1").replace("\x00", f"{MARK}0")
    return text


def unescaped(text: str) -> str:
    """The text that was escaped."""
    if MARK in text:
        return text.replace(f"{MARK}0", "\x00").replace(f"{MARK}1", MARK)
    return text


class EscapedText(TypeDecorator[str]):
    """A column of PostgreSQL that takes any text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401, ARG002 - SQLAlchemy's
        """Escapes what goes in."""
        return None if value is None else escaped(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401, ARG002 - SQLAlchemy's
        """Unescapes what comes out."""
        return None if value is None else unescaped(value)


class place_of(GenericFunction[int]):  # noqa: N801 - named as functions of the database are
    """Where a text has another one in it, counted from 1; 0 when it has not: `place_of(text, part)`."""

    type = Integer()
    inherit_cache = True


@compiles(place_of, "sqlite")
def _place_in_sqlite(function: place_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"instr({compiler.process(function.clauses, **options)})"


@compiles(place_of, "postgresql")
def _place_in_postgres(function: place_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"strpos({compiler.process(function.clauses, **options)})"


class bytes_of(GenericFunction[int]):  # noqa: N801 - as above
    """How many bytes a text has: `bytes_of(text)`. PostgreSQL tells it without reading the text."""

    type = BigInteger()
    inherit_cache = True


@compiles(bytes_of, "sqlite")
def _bytes_in_sqlite(function: bytes_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    # Its own `octet_length` came late, in version 3.43; `length` of a text counts characters.
    return f"length(CAST({compiler.process(function.clauses, **options)} AS BLOB))"


@compiles(bytes_of, "postgresql")
def _bytes_in_postgres(function: bytes_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"CAST(octet_length({compiler.process(function.clauses, **options)}) AS BIGINT)"
