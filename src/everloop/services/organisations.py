"""Organisations: the walls that nothing is seen across."""

from everloop.domain.environment import FIRST_NAME, Environment
from everloop.domain.ids import EnvironmentId, OrganisationId, Prefix
from everloop.domain.organisation import Organisation
from everloop.domain.scope import Scope
from everloop.errors import NotFound, Unprocessable
from everloop.ports.organisations import OrganisationStore
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory

SYSTEM = "everloop"
# What is found by an index: PostgreSQL's take 2,700 bytes.
_LONGEST_NAME = 255


class OrganisationService:
    """The use cases of organisations; for the operator alone."""

    def __init__(self, *, directory: Directory, organisations: OrganisationStore, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._organisations = organisations
        self._clock = clock
        self._ids = ids

    async def create(self, name: str) -> Organisation:
        """With its `production` environment. Raises `Conflict` when the name is taken, `Unprocessable` for no name."""
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise Unprocessable(f"An organisation's name has 1 to {_LONGEST_NAME} characters, and a visible one.")
        organisation, environment = self._new(name)
        await self._organisations.create(organisation, environment)
        await self._directory.refresh()
        return organisation

    async def ensure_first(self, name: str) -> Organisation:
        """The oldest organisation, made when there is none; safe when several processes start at once."""
        organisation, environment = self._new(name)
        await self._organisations.create_first(organisation, environment)
        await self._directory.refresh()
        return (await self._organisations.all())[0]

    async def all(self) -> tuple[Organisation, ...]:
        """Oldest first."""
        return await self._organisations.all()

    async def scope(self, name: str | None) -> Scope:
        """The operator's own scope in the named organisation, or the oldest one. Raises `NotFound`."""
        organisations = await self._organisations.all()
        for organisation in organisations:
            if name is None or organisation.name == name:
                return Scope(organisation.id, SYSTEM)
        names = ", ".join(repr(each.name) for each in organisations) or "none yet"
        raise NotFound(f"There is no organisation named {name!r}. There are: {names}.")

    def _new(self, name: str) -> tuple[Organisation, Environment]:
        now = self._clock.now()
        organisation = Organisation(OrganisationId(self._ids.new(Prefix.ORGANISATION)), name, now)
        return organisation, Environment(EnvironmentId(self._ids.new(Prefix.ENVIRONMENT)), FIRST_NAME, True, now)
