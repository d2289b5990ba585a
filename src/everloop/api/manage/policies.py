"""`/api/projects/…/environments/…/policy`: how the calls of a place are made."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Answer, Items, NoBoolean, Reference, Request
from everloop.api.manage.environments import EnvironmentPath
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.domain.ids import ConfigId
from everloop.domain.policy import DEFAULT_TIMEOUTS, LONGEST, SHORTEST, OnDisconnect, Policy, Timeouts
from everloop.services.policies import PlacePolicy

router = APIRouter(route_class=StrictRoute, tags=["Deployments"], dependencies=[KEY], responses=ERRORS)

_PATH: Final = "/api/projects/{project_id}/environments/{environment_id}/policy"
_EXAMPLE: Final = {
    "timeouts": {"first_byte": 20, "total": 120},
    "fallbacks": ["config_7Hq2mXc5TzJ8wK1sRdV0b"],
    "on_disconnect": "cancel",
}
ProjectPath = Annotated[str, path("pr_2Zx0cLq9RkT4vB7nYpW1e", "The project's id.")]


def _seconds(name: str) -> object:
    return Field(ge=SHORTEST, le=LONGEST[name], allow_inf_nan=False)


class TimeoutsBody(Request):
    """Seconds: until connected, until the answer begins, between two pieces of it, and in all.

    `total` holds over retries and fallbacks together. What is left out is as by default.
    """

    connect: Annotated[float, _seconds("connect"), NoBoolean] = DEFAULT_TIMEOUTS.connect
    first_byte: Annotated[float, _seconds("first_byte"), NoBoolean] = DEFAULT_TIMEOUTS.first_byte
    gap: Annotated[float, _seconds("gap"), NoBoolean] = DEFAULT_TIMEOUTS.gap
    total: Annotated[float, _seconds("total"), NoBoolean] = DEFAULT_TIMEOUTS.total

    def timeouts(self) -> Timeouts:
        """As the domain has them."""
        return Timeouts(self.connect, self.first_byte, self.gap, self.total)


class PolicyBody(Request):
    """The whole policy: what is left out is as by default.

    `fallbacks` are the ids of at most five configs of the same project. `on_disconnect` says what becomes of a call
    whose caller hung up: `cancel` ends it at the provider too, `drain` lets it go on for the sake of its log.
    """

    timeouts: TimeoutsBody = Field(default_factory=TimeoutsBody)
    fallbacks: Items[Reference] = Field(default_factory=list)
    on_disconnect: OnDisconnect = OnDisconnect.CANCEL

    def policy(self) -> Policy:
        """As the domain has it."""
        return Policy(self.timeouts.timeouts(), tuple(ConfigId(each) for each in self.fallbacks), self.on_disconnect)


class TimeoutsView(Answer):
    """Seconds."""

    connect: float
    first_byte: float
    gap: float
    total: float


class PolicyView(Answer):
    """How calls are made."""

    timeouts: TimeoutsView
    fallbacks: list[str]
    on_disconnect: OnDisconnect


class PolicyResponse(PolicyView):
    """The policy of a place."""

    project_id: str
    environment_id: str
    environment_name: str


@router.get(_PATH, operation_id="Policies_get")
async def get(
    caller: Caller, services: Use, project_id: ProjectPath, environment_id: EnvironmentPath
) -> PolicyResponse:
    """Get how the calls of a project are made in an environment: timeouts, fallbacks, what a hang-up does."""
    return _response(await services.policies.get(caller, project_id, environment_id))


@router.put(_PATH, operation_id="Policies_put")
async def put(
    caller: Caller,
    services: Use,
    project_id: ProjectPath,
    environment_id: EnvironmentPath,
    request: Annotated[PolicyBody, body(_EXAMPLE)],
) -> PolicyResponse:
    """Replace that policy. It stays when something else is deployed there; `{}` is the policy by default.

    When what is live fails (429, 5xx, a timeout, no connection, a provider that is known to be down) before anything of
    its answer has reached the caller, the fallbacks are asked in their order.
    """
    return _response(await services.policies.put(caller, project_id, environment_id, request.policy()))


def policy_view(policy: Policy) -> PolicyView:
    """A policy as it is shown."""
    return PolicyView(
        timeouts=_timeouts(policy.timeouts), fallbacks=list(policy.fallbacks), on_disconnect=policy.on_disconnect
    )


def _response(place: PlacePolicy) -> PolicyResponse:
    return PolicyResponse(
        project_id=place.project.id,
        environment_id=place.environment.id,
        environment_name=place.environment.name,
        timeouts=_timeouts(place.policy.timeouts),
        fallbacks=list(place.policy.fallbacks),
        on_disconnect=place.policy.on_disconnect,
    )


def _timeouts(timeouts: Timeouts) -> TimeoutsView:
    return TimeoutsView(
        connect=timeouts.connect, first_byte=timeouts.first_byte, gap=timeouts.gap, total=timeouts.total
    )
