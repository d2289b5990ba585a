"""What the snapshot is made of, read in a few queries however many organisations and projects are asked for.

Only the arms of experiments, their configurations and those of fallbacks take a query for each organisation that has
some.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.config import ConfigVersion
from everloop.domain.connection import OwnConnection
from everloop.domain.deployment import Deployment
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, OrganisationId
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.limit import Limit, Subject
from everloop.domain.organisation_tool import OrganisationTool
from everloop.domain.price import Price
from everloop.domain.snapshot import OrganisationView, ProjectView
from everloop.domain.toolbox import Toolbox
from everloop.storage import provider_tables
from everloop.storage.configs import version_of
from everloop.storage.connections import connection_of
from everloop.storage.deployments import deployment_of
from everloop.storage.environments import environment_of
from everloop.storage.experiment_rows import by_organisation, read_experiments
from everloop.storage.experiment_tables import experiment
from everloop.storage.keys import api_key_of, provider_key_of
from everloop.storage.limit_rows import limit_of
from everloop.storage.limit_tables import usage_limit
from everloop.storage.prices import price_of
from everloop.storage.projects import project_of
from everloop.storage.provider_tables import price
from everloop.storage.tables import (
    api_key,
    deployment,
    environment,
    model_config,
    organisation,
    project,
    provider_key,
)
from everloop.storage.tool_tables import tool
from everloop.storage.tools import tool_of

# A project: its organisation's id and its own.
_Place = tuple[str, str]

_LIVE = and_(
    deployment.c.ended_at.is_(None),
    or_(deployment.c.config_id.is_not(None), deployment.c.experiment_id.is_not(None)),
)
_IN_PROJECT = and_(deployment.c.organisation_id == project.c.organisation_id, deployment.c.project_id == project.c.id)
_OF_CONFIG = and_(
    deployment.c.organisation_id == model_config.c.organisation_id, deployment.c.config_id == model_config.c.id
)

_EXPERIMENT_IN_PROJECT = and_(
    experiment.c.organisation_id == project.c.organisation_id,
    experiment.c.project_id == project.c.id,
    experiment.c.deleted_at.is_(None),
)


async def organisation_views(
    connection: AsyncConnection, chosen: ColumnElement[bool]
) -> dict[OrganisationId, OrganisationView]:
    """The chosen organisations, a condition on `organisation`, without their projects."""
    owners = select(organisation.c.id).where(chosen).order_by(organisation.c.number)
    environments: defaultdict[str, dict[EnvironmentId, Environment]] = defaultdict(dict)
    query = select(environment).where(environment.c.organisation_id.in_(owners), environment.c.deleted_at.is_(None))
    for row in (await connection.execute(query.order_by(environment.c.number))).all():
        environments[row.organisation_id][EnvironmentId(row.id)] = environment_of(row)
    sealed: defaultdict[str, dict[str, ProviderKey]] = defaultdict(dict)
    for row in (await connection.execute(select(provider_key).where(provider_key.c.organisation_id.in_(owners)))).all():
        sealed[row.organisation_id][row.provider] = provider_key_of(row)
    keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
    for row in (await connection.execute(select(api_key).where(api_key.c.organisation_id.in_(owners)))).all():
        keys[row.organisation_id].append(api_key_of(row))
    tools = await _tools(connection, owners)
    owned = await _connections(connection, owners)
    limits, prices = await _limits(connection, owners), await _prices(connection, owners)
    return {
        OrganisationId(each): OrganisationView(
            OrganisationId(each),
            environments[each],
            sealed[each],
            tuple(keys[each]),
            tools=Toolbox.of(tools[each]),
            connections=owned[each],
            limits=limits[each],
            prices=prices[each],
        )
        for each in (await connection.execute(owners)).scalars().all()
    }


async def _tools(connection: AsyncConnection, owners: Select[tuple[str]]) -> defaultdict[str, list[OrganisationTool]]:
    found: defaultdict[str, list[OrganisationTool]] = defaultdict(list)
    for row in (await connection.execute(select(tool).where(tool.c.organisation_id.in_(owners)))).all():
        found[row.organisation_id].append(tool_of(row))
    return found


async def _limits(
    connection: AsyncConnection, owners: Select[tuple[str]]
) -> defaultdict[str, dict[Subject, tuple[Limit, ...]]]:
    found: defaultdict[str, dict[Subject, tuple[Limit, ...]]] = defaultdict(dict)
    query = select(usage_limit).where(usage_limit.c.organisation_id.in_(owners)).order_by(usage_limit.c.number)
    for row in (await connection.execute(query)).all():
        each, mine = limit_of(row), found[row.organisation_id]
        mine[each.subject] = (*mine.get(each.subject, ()), each)
    return found


async def _prices(
    connection: AsyncConnection, owners: Select[tuple[str]]
) -> defaultdict[str, dict[tuple[str, str], Price]]:
    found: defaultdict[str, dict[tuple[str, str], Price]] = defaultdict(dict)
    for row in (await connection.execute(select(price).where(price.c.organisation_id.in_(owners)))).all():
        found[row.organisation_id][row.provider, row.model] = price_of(row)
    return found


async def _connections(
    connection: AsyncConnection, owners: Select[tuple[str]]
) -> defaultdict[str, dict[str, OwnConnection]]:
    table = provider_tables.connection
    found: defaultdict[str, dict[str, OwnConnection]] = defaultdict(dict)
    for row in (await connection.execute(select(table).where(table.c.organisation_id.in_(owners)))).all():
        found[row.organisation_id][row.name] = connection_of(row)
    return found


async def project_views(
    connection: AsyncConnection, chosen: ColumnElement[bool]
) -> defaultdict[OrganisationId, list[ProjectView]]:
    """The chosen projects, a condition on `project`, by organisation; one without any has an empty list."""
    deployments = await _live_deployments(connection, chosen)
    configs = await _live_configs(connection, chosen)
    experiments = await _experiments(connection, chosen)
    for wanted in (_arms(experiments), _fallbacks(deployments)):
        for place, versions in (await _configs_named(connection, wanted)).items():
            configs.setdefault(place, {}).update(versions)
    found: defaultdict[OrganisationId, list[ProjectView]] = defaultdict(list)
    for row in (await connection.execute(select(project).where(chosen).order_by(project.c.number))).all():
        place = (row.organisation_id, row.id)
        view = ProjectView(
            project_of(row), deployments.get(place, {}), configs.get(place, {}), experiments.get(place, {})
        )
        found[OrganisationId(row.organisation_id)].append(view)
    return found


async def _live_deployments(
    connection: AsyncConnection, chosen: ColumnElement[bool]
) -> dict[_Place, dict[EnvironmentId, Deployment]]:
    query = select(deployment).select_from(deployment.join(project, _IN_PROJECT)).where(chosen, _LIVE)
    found: dict[_Place, dict[EnvironmentId, Deployment]] = {}
    for row in (await connection.execute(query)).all():
        place = found.setdefault((row.organisation_id, row.project_id), {})
        place[EnvironmentId(row.environment_id)] = deployment_of(row)
    return found


async def _experiments(
    connection: AsyncConnection, chosen: ColumnElement[bool]
) -> dict[_Place, dict[ExperimentId, Experiment]]:
    """All that are not deleted: concluded ones still tell their callers what took their place."""
    found: dict[_Place, dict[ExperimentId, Experiment]] = {}
    kept = await read_experiments(connection, chosen, project.join(experiment, _EXPERIMENT_IN_PROJECT))
    for (organisation_id, _), each in kept.items():
        found.setdefault((organisation_id, each.project_id), {})[each.id] = each
    return found


def _arms(experiments: Mapping[_Place, Mapping[ExperimentId, Experiment]]) -> Iterator[tuple[str, ConfigId]]:
    for (organisation_id, _), those in experiments.items():
        yield from ((organisation_id, arm.config_id) for each in those.values() for arm in each.arms)


def _fallbacks(deployments: Mapping[_Place, Mapping[EnvironmentId, Deployment]]) -> Iterator[tuple[str, ConfigId]]:
    for (organisation_id, _), those in deployments.items():
        policies = (each.policy for each in those.values() if each.policy is not None)
        yield from ((organisation_id, config_id) for each in policies for config_id in each.fallbacks)


async def _configs_named(
    connection: AsyncConnection, wanted: Iterator[tuple[str, ConfigId]]
) -> dict[_Place, dict[ConfigId, ConfigVersion]]:
    found: dict[_Place, dict[ConfigId, ConfigVersion]] = {}
    for organisation_id, ids in by_organisation(wanted):
        mine = and_(model_config.c.organisation_id == organisation_id, model_config.c.id.in_(ids))
        for row in (await connection.execute(select(model_config).where(mine))).all():
            found.setdefault((organisation_id, row.project_id), {})[ConfigId(row.id)] = version_of(row)
    return found


async def _live_configs(
    connection: AsyncConnection, chosen: ColumnElement[bool]
) -> dict[_Place, dict[ConfigId, ConfigVersion]]:
    joined = deployment.join(project, _IN_PROJECT).join(model_config, _OF_CONFIG)
    found: dict[_Place, dict[ConfigId, ConfigVersion]] = {}
    for row in (await connection.execute(select(model_config).select_from(joined).where(chosen, _LIVE))).all():
        place = found.setdefault((row.organisation_id, row.project_id), {})
        place[ConfigId(row.id)] = version_of(row)
    return found
