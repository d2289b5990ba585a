"""An environment: a named place, such as `production`, in which something of each project can be live."""

from typing import Final

from everloop.domain.ids import EnvironmentId
from everloop.domain.value import value

FIRST_NAME: Final = "production"


@value
class Environment:
    """Names are unique within the organisation; exactly one is the default. `created_at` is in Unix milliseconds."""

    id: EnvironmentId
    name: str
    is_default: bool
    created_at: int

    @property
    def tag(self) -> str:
        """v4's word for it: `default` or `other`."""
        return "default" if self.is_default else "other"
