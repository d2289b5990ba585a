"""Prompts: a project with its configurations, and what is live of it."""

from dataclasses import replace

from everloop.domain.config import ConfigVersion
from everloop.domain.deployment import ConfigTarget
from everloop.domain.environment import Environment
from everloop.domain.ids import ConfigId, EnvironmentId, Prefix, ProjectId
from everloop.domain.imported import ImportedDeployment, ImportedPrompt, LeftOut, place_taken
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.ports.projects import ConfigStore, DeploymentStore, EnvironmentStore, ProjectStore
from everloop.ports.system import Ids
from everloop.services.deployments import DeploymentService
from everloop.services.directory import Directory
from everloop.services.importing.account import Account

_ALL = PageRequest(0, 2**31 - 1)


@value
class Place:
    """Where the logs of a prompt belong. `configs` leads from the ids that are told to those that are kept."""

    project_id: ProjectId
    configs: dict[ConfigId, ConfigId]
    known: dict[str, ConfigId]


class PromptImport:
    """Nothing that is there is changed. With `dry`, nothing is written either."""

    def __init__(
        self,
        *,
        directory: Directory,
        projects: ProjectStore,
        configs: ConfigStore,
        environments: EnvironmentStore,
        history: DeploymentStore,
        deployments: DeploymentService,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._configs = configs
        self._environments = environments
        self._history = history
        self._deployments = deployments
        self._ids = ids

    async def keep(self, scope: Scope, prompt: ImportedPrompt, account: Account, *, dry: bool) -> Place | None:
        """The place of the prompt's logs; None when the prompt has none here. Raises `Unavailable`."""
        account.note(prompt.remarks)
        if not await self._project(scope, prompt, account, dry=dry):
            return None
        uses = await self._configs.of_project(scope, prompt.project.id)
        place = Place(prompt.project.id, {}, {use.version.fingerprint: use.version.id for use in uses})
        for version in prompt.versions:
            await self.version(scope, place, version, prompt.place, account, dry=dry)
        await self._directory.refresh()
        for deployment in prompt.deployments:
            await self._deploy(scope, place, deployment, account, dry=dry)
        return place

    async def version(
        self, scope: Scope, place: Place, version: ConfigVersion, where: str, account: Account, *, dry: bool
    ) -> ConfigId | None:
        """The id of the configuration that a version is here, made when new; None when its id is another one's."""
        if version.id in place.configs:
            return place.configs[version.id]
        there = await self._configs.get(scope, version.id)
        if there is not None:
            if (there.project_id, there.fingerprint) != (place.project_id, version.fingerprint):
                account.fail(where, f"Version {version.id} is left out: another config here has its id.")
                return None
            account.there["configs"] += 1
            return place.configs.setdefault(version.id, version.id)
        same = place.known.get(version.fingerprint)
        if same is None and not dry:
            same = (await self._configs.register(scope, version, None)).id
        if same is None or same == version.id:
            account.kept["configs"] += 1
        else:
            account.note(
                [LeftOut("prompt version", "in all that v4 knows it equals an older one, which stands for it")]
            )
        place.configs[version.id] = place.known[version.fingerprint] = same or version.id
        return place.configs[version.id]

    async def environment(self, scope: Scope, wanted: Environment, account: Account, *, dry: bool) -> Environment:
        """The environment of that name, made when there is none. The default one stays what it is."""
        organisation = self._directory.organisation(scope)
        there = account.environments.get(wanted.name) or organisation.environment_named(wanted.name)
        if there is not None:
            return there
        account.kept["environments"] += 1
        if wanted.is_default:
            why = f"here {organisation.default_environment.name!r} is, and stays so"
            account.note([LeftOut(f"{wanted.name!r} as the default environment", why)])
        taken = not wanted.id or wanted.id in await self._environments.names(scope)
        environment_id = EnvironmentId(self._ids.new(Prefix.ENVIRONMENT)) if taken else wanted.id
        made = account.environments[wanted.name] = replace(wanted, id=environment_id, is_default=False)
        if not dry:
            await self._environments.create(scope, made)
            await self._directory.refresh()
        return made

    async def _project(self, scope: Scope, prompt: ImportedPrompt, account: Account, *, dry: bool) -> bool:
        wanted = prompt.project
        if await self._projects.deleted(scope, wanted.id):
            account.fail(prompt.place, "The prompt is left out, with its logs: its project was deleted here.")
            return False
        if await self._projects.get(scope, wanted.id) is not None:
            account.there["projects"] += 1
            return True
        kept = await self._projects.named(scope, wanted.name)
        if kept is None and not dry:
            kept = await self._projects.create(scope, wanted)
            await self._directory.refresh()
        if kept is not None and kept.id != wanted.id:
            message = (
                f"The prompt is left out, with its logs: there is a project named {wanted.name!r} already ({kept.id})."
                " Rename that one, and import again."
            )
            account.fail(prompt.place, message)
            return False
        account.kept["projects"] += 1
        return True

    async def _deploy(
        self, scope: Scope, place: Place, wanted: ImportedDeployment, account: Account, *, dry: bool
    ) -> None:
        config_id = place.configs.get(wanted.config_id)
        if config_id is None:
            message = f"Version {wanted.config_id} is not here, so that it is not live in {wanted.environment.name!r}."
            account.fail(wanted.place, message)
            return
        environment = await self.environment(scope, wanted.environment, account, dry=dry)
        history = await self._history.history(scope, place.project_id, _ALL)
        before = place_taken(history, environment)
        if before is None:
            account.kept["deployments"] += 1
            if not dry:
                target = ConfigTarget(config_id)
                await self._deployments.deploy(scope, place.project_id, target, [environment.id])
        elif before.target == ConfigTarget(config_id):
            account.there["deployments"] += 1
        else:
            account.note(
                [LeftOut("deployment", f"{environment.name!r} of the project was deployed to here, and stays")]
            )
