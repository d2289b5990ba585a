"""Functions on text that both databases can be made to have, each said in the words of either."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Boolean, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from everloop.storage.texts import MARK


class bytewise(GenericFunction[str]):  # noqa: N801 - named as functions of the database are
    """The text, to be ordered by its bytes: `bytewise(text)`."""

    type = Text()
    inherit_cache = True


class small_ascii(GenericFunction[str]):  # noqa: N801 - as above
    """The text with ASCII's letters, and no others, as small ones: `small_ascii(text)`."""

    type = Text()
    inherit_cache = True


class last_text(GenericFunction[str]):  # noqa: N801 - as above
    """Behind all that begins alike sorts what begins alike and then has this: `last_text()`."""

    type = Text()
    inherit_cache = True


class has_part(GenericFunction[bool]):  # noqa: N801 - as above
    """Whether a text without NUL has another one in it, ASCII's letters in either case: `has_part(text, small)`."""

    type = Boolean()
    inherit_cache = True


class has_nul(GenericFunction[bool]):  # noqa: N801 - as above
    """Whether a text of a column has a NUL, at which comparing it with a pattern would end: `has_nul(text)`."""

    type = Boolean()
    inherit_cache = True


class searchable(GenericFunction[str]):  # noqa: N801 - as above
    """The text of a column as a place to find others in: `searchable(text)`. What stands for NUL is found by nobody."""

    type = Text()
    inherit_cache = True


class model_in(GenericFunction[str]):  # noqa: N801 - as above
    """The model in the JSON of a configuration, whose first key it is: `model_in(config)`."""

    type = Text()
    inherit_cache = True


@compiles(last_text, "sqlite")
def _last_in_sqlite(_function: last_text, _compiler: SQLCompiler, **_options: Any) -> str:  # noqa: ANN401 - as above
    # Bytes that no text has.
    return "CAST(x'ff' AS TEXT)"


@compiles(last_text, "postgresql")
def _last_in_postgres(_function: last_text, _compiler: SQLCompiler, **_options: Any) -> str:  # noqa: ANN401 - as above
    # The last character, more often than an id has any.
    return "repeat(U&'\\+10FFFF', 300)"


_Written = Callable[[str], str]
# PostgreSQL has NUL in no text, so that the JSON of a whole configuration, which may have it, cannot be unpacked there.
_MODEL_IN_POSTGRES: Final = r"""substring({} from '^\{{"model":("(?:[^"\\]|\\.)*")')"""
_WRITTEN: Final[Mapping[type[GenericFunction[Any]], tuple[_Written, _Written]]] = {
    bytewise: ("({})".format, '({} COLLATE "C")'.format),
    small_ascii: ("lower({})".format, 'lower({} COLLATE "C")'.format),
    searchable: ("({})".format, f"replace(replace({{}}, '{MARK}0', U&'\\FDD0'), '{MARK}1', '{MARK}')".format),
    has_nul: ("(instr({}, char(0)) > 0)".format, "(false AND {} IS NULL)".format),
    model_in: (
        "json_extract({}, '$.model')".format,
        f"(replace({_MODEL_IN_POSTGRES}, '\\u0000', '')::json #>> '{{{{}}}}')".format,
    ),
}


# A pattern is compared where the text lies, `lower` makes another one first.
_ESCAPED: Final = r"replace(replace(replace({1}, '\', '\\'), '%', '\%'), '_', '\_')"
_PART_IN_SQLITE: Final = f"({{0}} LIKE '%' || {_ESCAPED} || '%' ESCAPE '\\')"


@compiles(has_part, "sqlite")
def _has_part_in_sqlite(function: has_part, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return _PART_IN_SQLITE.format(*(compiler.process(each, **options) for each in function.clauses))


@compiles(has_part, "postgresql")
def _has_part_in_postgres(function: has_part, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    text, part = (compiler.process(each, **options) for each in function.clauses)
    return f'(strpos(lower({text} COLLATE "C"), {part}) > 0)'


def _compile(kind: type[GenericFunction[Any]], dialect: str, written: _Written) -> None:
    @compiles(kind, dialect)
    def compiled(function: GenericFunction[Any], compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
        return written(compiler.process(function.clauses, **options))


for _kind, (_sqlite, _postgres) in _WRITTEN.items():
    _compile(_kind, "sqlite", _sqlite)
    _compile(_kind, "postgresql", _postgres)
