"""Every index holds the longest texts that callers and imports may bring: a row of it has 2,704 bytes on PostgreSQL."""

import random
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Final

import asyncpg
import msgspec
import pytest
from pydantic import TypeAdapter
from sqlalchemy import Column, Index, PrimaryKeyConstraint, UniqueConstraint

from everloop.api.fields import Name, Reference
from everloop.domain.feedback import FeedbackClass, FeedbackType, Sentiment
from everloop.domain.feedback_room import LABEL_BYTES, is_too_long
from everloop.domain.ids import LENGTH, Prefix
from everloop.domain.scope import Scope
from everloop.imports.humanloop import shapes
from everloop.storage.opening import Storage
from everloop.storage.said_rows import HEAD
from everloop.storage.tables import metadata
from tests.contract.stores.samples import a_log, a_piece, a_project
from tests.postgres import Cluster

# The most bytes of a character.
WIDE: Final = 4
OURS: Final = max(len(each) for each in Prefix) + len("_") + LENGTH
IMPORTED: Final = msgspec.json.schema(shapes.Id)["maxLength"] * WIDE
NAME: Final = TypeAdapter(Name).json_schema()["maxLength"] * WIDE
REFERENCE: Final = TypeAdapter(Reference).json_schema()["maxLength"] * WIDE
WORD: Final = 64

# The most bytes of the columns of text that are in an index.
LONGEST: Final = {
    # A judgment with several labels is imported as pieces that are numbered.
    "id": IMPORTED + len("_999"),
    "organisation_id": OURS,
    "environment_id": OURS,
    "experiment_id": OURS,
    "project_id": IMPORTED,
    "config_id": IMPORTED,
    "dataset_id": IMPORTED,
    "log_id": IMPORTED,
    "session_id": IMPORTED,
    "name": NAME,
    "type": NAME,
    "value": LABEL_BYTES,
    "head": HEAD * WIDE,
    # No longer than that of an id.
    "stretch": IMPORTED,
    "reference_id": REFERENCE,
    "fingerprint": WORD,
    "provider": WORD,
    "model": NAME,
    # Of limits: what is limited, by its id, and words of ours.
    "subject_id": IMPORTED,
    "subject_kind": WORD,
    "measure": WORD,
    "period": WORD,
    "operation": WORD,
    "key": 255,
}
# Logs that are imported have no reference. Providers with a price may be yet to be made, under any name.
ELSEWHERE: Final = {
    ("ix_log_reference", "id"): OURS,
    ("uq_price_organisation_id_provider_model", "provider"): NAME,
}
# Filled on SQLite alone, whose indexes hold any text.
OF_SQLITE: Final = frozenset({"project_logs"})


def indexes() -> Iterator[tuple[str, list[Column[Any]]]]:
    """The name and the columns of everything that is an index on PostgreSQL."""
    for table in metadata.sorted_tables:
        if table.name in OF_SQLITE:
            continue
        keys = (each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint))
        made: list[PrimaryKeyConstraint | UniqueConstraint | Index] = [*keys, *table.indexes]
        for number, each in enumerate(made):
            yield str(each.name or f"{table.name}_{number}"), [table.c[column.name] for column in each.columns]


def incompressible(size: int) -> str:
    """A text of so many bytes: PostgreSQL would make less of one that repeats itself."""
    chance = random.Random(size)  # noqa: S311 - no secret
    return "".join(chr(chance.randrange(0x10000, 0x110000)) for _ in range(size // WIDE)) + "x" * (size % WIDE)


def value_for(index: str, column: Column[Any]) -> Any:
    if column.type.python_type is not str:
        return {int: 2**31 - 1, bool: True, bytes: bytes(32)}[column.type.python_type]
    longest = ELSEWHERE.get((index, column.name)) or LONGEST.get(column.name)
    assert longest, f"{index} is over {column.name}: say in LONGEST how many bytes callers may bring, and bound them"
    return incompressible(longest)


@pytest.mark.parametrize(
    ("index", "columns"), [pytest.param(*each, id=each[0]) for each in sorted(indexes(), key=itemgetter(0))]
)
async def test_an_index_holds_the_longest_texts(postgres: Cluster, index: str, columns: list[Column[Any]]):
    kinds = {str: "text", int: "bigint", bool: "boolean", bytes: "bytea"}
    names = [f'"{each.name}"' for each in columns]
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        table = ", ".join(f"{name} {kinds[each.type.python_type]}" for name, each in zip(names, columns, strict=True))
        await connection.execute(f"CREATE TEMPORARY TABLE one ({table})")
        await connection.execute(f"CREATE INDEX ON one ({', '.join(names)})")
        values = [value_for(index, each) for each in columns]
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await connection.execute(f"INSERT INTO one VALUES ({places})", *values)  # noqa: S608 - numbers
        assert await connection.fetchval("SELECT count(*) FROM one") == 1
    finally:
        await connection.close()


async def test_the_longest_label_of_the_longest_type_is_kept(storage: Storage, scope: Scope):
    label, name = incompressible(LABEL_BYTES), incompressible(NAME)
    assert not is_too_long(label)
    project = a_project(f"pr_{incompressible(IMPORTED - 3)}")
    await storage.projects.create(scope, project)
    await storage.log_writer.append(scope, [a_log("data_1", project=project.id)])
    kind = FeedbackType(name, FeedbackClass.SELECT, {label: Sentiment.UNSET})
    await storage.feedback.record(scope, project.id, [kind], [a_piece("ann_1", label, name)])
    assert (await storage.feedback.types(scope, [project.id]))[project.id][-1] == kind
