"""`GET /openai/v1/models`: what can be called."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from everloop.api.documentation import BEARER, KEY
from everloop.api.openai.answer_models import ERRORS, Model, ModelList
from everloop.api.services import Caller, Use
from everloop.domain.live_model import LiveModel

router = APIRouter(tags=["OpenAI"], dependencies=[BEARER, KEY], responses=ERRORS)

_OWNER: Final = "everloop"

# A project's name may have slashes in it.
_NamePath = Annotated[
    str, Path(description="The model's name.", examples=["hello"], pattern=r"^[^\x00]*$", max_length=511)
]


@router.get("/openai/v1/models", operation_id="OpenAI_listModels")
async def listing(caller: Caller, services: Use) -> ModelList:
    """List what can be called: each project that has something live, by its name.

    What is live in another environment than the default one has the name `project@environment`.
    """
    return ModelList(object="list", data=[_view(each) for each in services.models.all(caller)])


@router.get("/openai/v1/models/{model:path}", operation_id="OpenAI_retrieveModel")
async def get(caller: Caller, services: Use, model: _NamePath) -> Model:
    """Get one model by its name."""
    return _view(await services.models.find(caller, model))


def _view(model: LiveModel) -> Model:
    created = model.view.project.created_at // 1000
    return Model(id=model.name, object="model", created=created, owned_by=_OWNER)
