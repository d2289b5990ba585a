"""The pages, and what they are made of."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

import typer
from typer.cli import get_docs_for_click

from everloop.api.idempotency import Once
from everloop.api.router import build_fastapi
from everloop.api.v4.chats import chat_routes
from everloop.api.v4.completions import completion_routes
from everloop.app.house import open_house
from everloop.cli import command_line
from everloop.settings import Settings
from everloop.storage.migrating import migrate
from reference.operations import operations_page
from reference.providers import providers_page
from reference.schemas import schemas_page

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
_MADE: Final = "<!-- Made by `make reference` from what the code says of itself: change it there. -->\n\n"


def pages() -> dict[str, str]:
    """The text of each page, by its file's name."""
    document = asyncio.run(_document())
    made = {
        "operations.md": operations_page(document),
        "schemas.md": schemas_page(document),
        "commands.md": commands_page(),
        "providers.md": providers_page(),
    }
    return {name: _MADE + text for name, text in made.items()}


def commands_page() -> str:
    """Every command with its arguments and options."""
    command = typer.main.get_command(command_line)
    written = get_docs_for_click(obj=command, ctx=typer.Context(command), name="everloop", title="Commands")
    return "\n".join(line.rstrip() for line in written.strip().splitlines()) + "\n"


async def _document() -> dict[str, Any]:
    """The OpenAPI document that a server of this version serves."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings.read({"EVERLOOP_DATA_DIR": directory})
        await asyncio.to_thread(migrate, settings.database_url)
        async with open_house(settings) as house:
            completion, once = house.completion, Once(house.idempotency)
            hot = [*completion_routes(completion, once), *chat_routes(completion, once)]
            return build_fastapi(house.services, hot).openapi()
