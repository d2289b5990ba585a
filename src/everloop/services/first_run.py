"""The first start: an organisation, an API key, a project to try, and its first completion."""

from contextlib import suppress
from typing import Final

from everloop.domain.config import ModelConfig
from everloop.domain.document import Document
from everloop.domain.keys import digest_of
from everloop.domain.organisation import Organisation
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import BadRequest, Conflict
from everloop.ports.system import Ids, KeyFile
from everloop.services.api_keys import ApiKeyService
from everloop.services.command import CompletionCommand
from everloop.services.completion import CompletionService
from everloop.services.configs import ConfigService, Labels
from everloop.services.directory import Directory
from everloop.services.organisations import SYSTEM, OrganisationService

FIRST_ORGANISATION: Final = "default"
DEMO_PROJECT: Final = "hello"
DEMO_INPUTS: Final = Document({"name": "Ada"}, b'{"name":"Ada"}')
_DEMO_CONFIG: Final = ModelConfig(
    model="demo", provider="mock", prompt_template="Say hello to {{name}} in one friendly sentence."
)


@value
class Welcome:
    """What a newcomer is shown. `api_key` is None when it is the operator's own, or was revoked."""

    organisation: Organisation
    api_key: str | None
    completion: str | None


class FirstRun:
    """What happens before the first request; every step finds what an earlier start has made."""

    def __init__(
        self,
        *,
        directory: Directory,
        organisations: OrganisationService,
        api_keys: ApiKeyService,
        configs: ConfigService,
        completion: CompletionService,
        key_file: KeyFile,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._organisations = organisations
        self._api_keys = api_keys
        self._configs = configs
        self._completion = completion
        self._key_file = key_file
        self._ids = ids

    async def prepare(self, operator_key: str | None) -> Welcome:
        """Makes what is missing. Raises `BadRequest` when the operator's key was revoked."""
        organisation = await self._organisations.ensure_first(FIRST_ORGANISATION)
        scope = Scope(organisation.id, SYSTEM)
        new = not self._directory.organisation(scope).projects
        if operator_key:
            await self._adopt(scope, operator_key)
            shown = None
        else:
            shown = await self._first_key(scope)
        return Welcome(organisation, shown, await self._first_completion(scope) if new else None)

    async def _adopt(self, scope: Scope, key: str) -> None:
        digest = digest_of(key)
        if digest in self._directory.snapshot.keys_by_digest:
            return
        known = [each for each in await self._api_keys.all(scope) if each.digest == digest]
        if any(each.revoked_at is not None for each in known):
            raise BadRequest("The key in EVERLOOP_API_KEY was revoked. Set another one, or unset the variable.")
        if not known:
            with suppress(Conflict):  # another server, started with it at the same time, was quicker
                await self._api_keys.adopt(scope, "EVERLOOP_API_KEY", key)
        await self._directory.refresh()

    async def _first_key(self, scope: Scope) -> str | None:
        """The key of the first start, while it is valid. A revoked one is not replaced: that was somebody's will."""
        key = self._key_file.read()
        if key is None and not await self._api_keys.all(scope):
            key = self._key_file.write(self._ids.api_key())
            await self._api_keys.adopt(scope, "first key", key)
        if key is None or digest_of(key) not in self._directory.snapshot.keys_by_digest:
            return None
        return key

    async def _first_completion(self, scope: Scope) -> str:
        project = ProjectReference(DEMO_PROJECT)
        await self._configs.register(scope, project, _DEMO_CONFIG, Labels())
        answer = await self._completion.complete(scope, CompletionCommand(project=project, inputs=DEMO_INPUTS))
        return answer.samples[0].output
