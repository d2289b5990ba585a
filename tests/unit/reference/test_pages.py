import re

import pytest

from reference.operations import operations_page
from reference.pages import FOLDER, pages
from reference.schemas import schemas_page


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


def test_the_pages_are_those_of_the_code(made: dict[str, str]):
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert {name for name in made if kept.get(name) != made[name]} == set(), "`make reference` writes them anew"
    assert set(kept) == set(made)


def test_every_link_leads_somewhere(made: dict[str, str]):
    anchors = {line[3:].lower() for line in made["schemas.md"].splitlines() if line.startswith("## ")}
    for text in made.values():
        assert set(re.findall(r"\(schemas\.md#([^)]*)\)", text)) <= anchors


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("operations.md", "### POST /v4/completion-deployed"),
        ("operations.md", "### DELETE /v4/experiments/{experiment_id}"),
        ("schemas.md", "## CompletionDeployedRequest"),
        ("commands.md", "## `everloop serve`"),
        ("commands.md", "### `everloop keys create`"),
    ],
)
def test_what_there_is_has_its_heading(made: dict[str, str], page: str, heading: str):
    assert heading in made[page].splitlines()


def test_an_operation_as_it_is_written():
    operation = {
        "tags": ["Things"],
        "summary": "Get",
        "description": "One thing.",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Its id."}
        ],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {
            "200": {"description": "Successful Response", "content": {"text/plain": {"schema": {"type": "string"}}}},
            "204": {"description": "Gone."},
            "422": {"description": "Said once, above."},
        },
    }
    written = operations_page({"paths": {"/things/{id}": {"get": operation}}})
    assert written.endswith(
        "## Things\n\n### GET /things/{id}\n\n**Get.** One thing.\n\n"
        "| parameter | in | is | |\n|---|---|---|---|\n| `id` | path | text | required; Its id. |\n\n"
        "Body: [Thing](schemas.md#thing)\n\n- 200: text as `text/plain`\n- 204: nothing: Gone.\n"
    )


def test_a_schema_as_it_is_written():
    properties = {
        "name": {"type": "string", "description": "Its\nname."},
        "size": {"type": "integer", "default": 3, "deprecated": True},
    }
    thing = {"description": "A thing.", "type": "object", "properties": properties, "required": ["name"]}
    written = schemas_page({"components": {"schemas": {"Thing": thing, "Other": {"enum": ["a"]}}}})
    assert written.endswith(
        '## Other\n\n`"a"`\n\n## Thing\n\nA thing.\n\n| field | is | |\n|---|---|---|\n'
        "| `name` | text | required; Its name. |\n| `size` | whole number | `3` if not given; deprecated |\n"
    )
