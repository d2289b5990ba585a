"""Live models: found by the name that a call has for its model, and listed."""

from everloop.domain.live_model import LiveModel, live_model, live_models
from everloop.domain.scope import Scope
from everloop.errors import UnknownModel
from everloop.services.directory import Directory


class LiveModelService:
    """Reads the snapshot; the database only when it seems that there is no such model."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def find(self, scope: Scope, name: str) -> LiveModel:
        """The model of that name; nothing is made. Raises `UnknownModel`, which says what there is."""
        found = live_model(self._directory.organisation(scope), name)
        if found is None:
            # Another process may have made it, or deployed the first thing there, a moment ago.
            await self._directory.refresh()
            found = live_model(self._directory.organisation(scope), name)
        if found is None:
            raise UnknownModel(self._missing(scope, name))
        return found

    def all(self, scope: Scope) -> list[LiveModel]:
        """All of the organisation's, by name."""
        return sorted(live_models(self._directory.organisation(scope)), key=lambda each: each.name)

    def _missing(self, scope: Scope, name: str) -> str:
        environments = self._directory.organisation(scope).environments.values()
        names = ", ".join(repr(each.name) for each in environments)
        return (
            f"There is no model {name!r}: a model is the name of a project that has something deployed in the default"
            f" environment, or `project@environment`. Environments are {names}."
        )
