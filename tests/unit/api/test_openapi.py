from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from everloop.api.fields import INT64, Int64
from everloop.api.openapi import Documented


class Body(BaseModel):
    whole: Int64
    broken: Annotated[float, Field(gt=-0.5, lt=2.0)]
    # A field may be named as a limit is.
    maximum: list[Annotated[int, Field(le=3)]]


@pytest.fixture
def properties() -> dict[str, Any]:
    app = Documented()

    @app.post("/")
    async def post(body: Body) -> None: ...

    found: dict[str, Any] = app.openapi()
    assert app.openapi() is found
    schemas: dict[str, Any] = found["components"]["schemas"]["Body"]["properties"]
    return schemas


def test_limits_are_exact(properties: dict[str, Any]):
    assert list(limits(properties["whole"])) == [("minimum", -INT64 - 1), ("maximum", INT64)]
    assert list(limits(properties["broken"])) == [("exclusiveMinimum", -0.5), ("exclusiveMaximum", 2)]
    assert list(limits(properties["maximum"]["items"])) == [("maximum", 3)]
    kinds = [type(limit) for each in (properties["whole"], properties["maximum"]["items"]) for _, limit in limits(each)]
    assert kinds == [int, int, int]


def limits(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    names = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return ((name, schema[name]) for name in names if name in schema)
