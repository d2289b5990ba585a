"""The framework's application: every route but the hot ones, and the documentation of all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from everloop import __version__
from everloop.api import docs, probes
from everloop.api.documentation import IDEMPOTENCY, STREAMED, body
from everloop.api.errors import ErrorAnswer, Wording
from everloop.api.hot import HotRoute
from everloop.api.manage import (
    api_keys,
    connections,
    environments,
    limits,
    policies,
    prices,
    provider_keys,
    tools,
)
from everloop.api.manage import datasets as dataset_versions
from everloop.api.manage import deployments as deployment_history
from everloop.api.manage import experiments as managed_experiments
from everloop.api.openai import models as openai_models
from everloop.api.openapi import Documented
from everloop.api.services import Services
from everloop.api.v4 import (
    datapoints,
    datasets,
    deployments,
    experiments,
    feedback,
    feedback_types,
    log_changes,
    logs,
    model_configs,
    not_offered,
    projects,
    prompt_files,
    sessions,
)
from everloop.api.wording import wording_of
from everloop.api.wrong_fields import wrong_fields
from everloop.errors import EverloopError, InvalidFields

_DESCRIPTION = """\
Everloop runs the prompt that is live: an application sends a project's name and some inputs; Everloop finds what is
deployed, renders it, calls the model provider, keeps the call as a log, and answers in the format of the Humanloop v4
API (`/v4`). What v4 leaves out, such as environments and keys, is under `/api`. OpenAI's own clients call what is
deployed under `/openai/v1`, with a project's name as the model.

Give your API key with **Authorize** and *Try it out* works on every route."""

_ROUTERS = (
    projects.router,
    model_configs.router,
    prompt_files.router,
    deployments.router,
    experiments.router,
    sessions.router,
    logs.router,
    log_changes.router,
    feedback.router,
    feedback_types.router,
    datasets.router,
    datapoints.router,
    dataset_versions.router,
    environments.router,
    provider_keys.router,
    connections.router,
    api_keys.router,
    tools.router,
    limits.router,
    prices.router,
    deployment_history.router,
    policies.router,
    managed_experiments.router,
    openai_models.router,
    probes.router,
    docs.router,
    not_offered.router,
)


def build_fastapi(services: Services, hot_routes: Sequence[HotRoute] = ()) -> FastAPI:
    """The application. The edge answers the hot routes itself; they are here to be documented beside the others."""
    app = Documented(
        title="Everloop",
        version=__version__,
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
        exception_handlers={
            EverloopError: _refused,
            RequestValidationError: _invalid,
            HTTPException: _no_route,
            Exception: _unforeseen,
        },
    )
    app.state.services = services
    for route in hot_routes:
        _document(app, route)
    for router in _ROUTERS:
        app.include_router(router)
    return app


def _document(app: FastAPI, route: HotRoute) -> None:
    async def answered_by_the_edge(_request: object = body(dict(route.example))) -> None:
        raise RuntimeError(f"{route.method} {route.path} reached the framework; the edge answers it")

    answered_by_the_edge.__annotations__["_request"] = route.request_model
    app.add_api_route(
        route.path,
        answered_by_the_edge,
        methods=[route.method],
        operation_id=route.operation_id,
        summary=route.summary,
        description=route.description,
        response_model=route.response_model,
        responses=route.errors | STREAMED,
        dependencies=[*route.keys, IDEMPOTENCY],
        tags=[route.operation_id.partition("_")[0]],
    )


async def _refused(request: Request, error: EverloopError) -> Response:
    return _response(_wording(request).answer(error))


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = InvalidFields(wrong_fields(_readable(each) for each in error.errors()))
    return _response(_wording(request).answer(found))


def _wording(request: Request) -> Wording:
    return wording_of(request.scope["path"])


def _readable(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """A body that is no JSON is wrong as a whole; what is wrong with it stands elsewhere."""
    if error["type"] != "json_invalid":
        return error
    return {"loc": ("body",), "msg": str(error["ctx"]["error"]), "type": "value_error.jsondecode"}


async def _no_route(request: Request, error: HTTPException) -> Response:
    status, message, headers = error.status_code, error.detail, error.headers or {}
    if status == HTTPStatus.NOT_FOUND:
        message, headers = "There is nothing at this address; /docs lists what there is.", {}
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        message = "The address is right, the method is not."
        headers = {"Allow": ", ".join(sorted(_methods(request))) or headers.get("Allow", "")}
    return _response(replace(_wording(request).plain(status, message), headers=headers))


def _methods(request: Request) -> set[str]:
    """What an address takes; Starlette tells only the methods of the first route there.

    A route that names the address goes before those that have a variable there.
    """
    routes = [each for router in _ROUTERS for each in router.routes if isinstance(each, Route)]
    there = [each for each in routes if each.path_regex.match(request.scope["path"])]
    named = [each for each in there if each.path == request.scope["path"]]
    return {method for each in named or there for method in each.methods or ()}


async def _unforeseen(request: Request, _error: Exception) -> Response:
    """Starlette raises the error again after this answer, and the edge logs it."""
    return _response(_wording(request).plain(500, "Something went wrong inside the server."))


def _response(answer: ErrorAnswer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers), media_type="application/json")
