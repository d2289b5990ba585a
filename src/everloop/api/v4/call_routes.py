"""The routes of generating calls: completions and chats are called in the same four ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from everloop.api.hot import HotRoute
from everloop.api.idempotency import Once
from everloop.api.v4.call_models import CallRequest
from everloop.api.v4.calls import Wire, handler
from everloop.services.completion import CompletionService

_Request = TypeVar("_Request", bound=CallRequest)


class Way(Enum):
    """What a call names to be answered by: how its path ends, its operation, and what it is called in a summary."""

    DEPLOYED = ("-deployed", "createDeployed", "what is deployed")
    MODEL_CONFIG = ("-model-config", "createModelConfig", "a registered config")
    INLINE = ("", "create", "a config of the call's own")
    EXPERIMENT = ("-experiment", "createExperiment", "the configs of an experiment")


_SAME = {
    Way.MODEL_CONFIG: """\
The same with a registered config, deployed or not. The log belongs to no environment.""",
    Way.INLINE: """\
The same with a config that comes with the call. It is registered in the project, unless a config of the same content is
there already; the project is made when new. Nothing goes live by it, and the log belongs to no environment.""",
    Way.EXPERIMENT: """\
The same with the configs of an experiment, deployed or not: each sample draws its own, and `data[].model_config_id`
says which. `provider_request` is that of the first config drawn. Once the experiment is concluded its winner answers,
or its control when it was stopped without one.""",
}


@dataclass(frozen=True, slots=True)
class Kind(Generic[_Request]):
    """Completions, or chats. `description` is of the call of what is deployed."""

    path: str
    tag: str
    verb: str
    description: str
    response_model: type[BaseModel]
    wire: Wire[_Request]

    def route(
        self,
        service: CompletionService,
        once: Once,
        way: Way,
        request_model: type[_Request],
        example: Mapping[str, Any],
    ) -> HotRoute:
        """The route of one way."""
        ending, create, named = way.value
        operation = f"{self.tag}_{create}"
        return HotRoute(
            method="POST",
            path=self.path + ending,
            handler=handler(service, once, operation, request_model, self.wire),
            operation_id=operation,
            summary=f"{self.verb} with {named}",
            description=_SAME.get(way, self.description),
            request_model=request_model,
            response_model=self.response_model,
            example=example,
        )
