"""`.prompt` files: model configurations as texts that live beside an application's source."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Request
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.config_models import ModelConfigRequest, ModelConfigResponse
from everloop.api.v4.config_view import unregistered
from everloop.api.v4.prompt_file_parsing import config_in
from everloop.domain.prompt_file_writing import write

router = APIRouter(route_class=StrictRoute, tags=["Model Configs"], dependencies=[KEY], responses=ERRORS)

_CONFIG: Final = {
    "provider": "openai",
    "model": "gpt-4o",
    "endpoint": "chat",
    "chat_template": [{"role": "system", "content": "Answer kindly."}, {"role": "user", "content": "{{question}}"}],
    "temperature": 0.7,
}
_FILE: Final = """\
---
model: gpt-4o
temperature: 0.7
provider: openai
endpoint: chat
---
<system>
  Answer kindly.
</system>

<user>
  {{question}}
</user>
"""


class DeserializeRequest(Request):
    """A `.prompt` file."""

    config: str = Field(description="The text of the file.")


@router.post("/v4/model-configs/serialize", operation_id="ModelConfigs_serialize")
async def serialize(
    _caller: Caller, config: Annotated[ModelConfigRequest, body(_CONFIG)]
) -> Annotated[str, Field(examples=[_FILE])]:
    """Write a config as a `.prompt` file. Nothing is registered."""
    return write(config.config(), config.name, config.description)


@router.post("/v4/model-configs/deserialize", operation_id="ModelConfigs_deserialize")
async def deserialize(
    caller: Caller, services: Use, request: Annotated[DeserializeRequest, body({"config": _FILE})]
) -> ModelConfigResponse:
    """Read a `.prompt` file. Nothing is registered: the answer's id says what the config is, and finds nothing.

    Errors say the line of the file.
    """
    config = config_in(request.config)
    return unregistered(config.config(), config.name, config.description, services.tools.box(caller))


@router.post("/v4/model-configs/{id}/export", operation_id="ModelConfigs_export")
async def export(
    caller: Caller,
    services: Use,
    id: Annotated[str, path("config_7Hq2mXc5TzJ8wK1sRdV0b", "The config's id.")],
) -> Annotated[str, Field(examples=[_FILE])]:
    """Write a registered config as a `.prompt` file."""
    version = await services.configs.get(caller, id)
    return write(version.config, version.name, version.description)
