"""What the client called: each request that it made, and what came of it."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

Call = tuple[str, str, str, int]

PLAIN: Final = "plain"
AWAITED: Final = "awaited"


class Recording:
    """The calls from now on: how it was made, its method, its path without the query, its status."""

    def __init__(self) -> None:
        from humanloop.api_client import ApiClient

        self._calls: dict[Call, None] = {}
        ApiClient.call_api = self._plain(ApiClient.call_api)
        ApiClient.async_call_api = self._awaited(ApiClient.async_call_api)

    def write(self, path: Path) -> None:
        """Into a file, each once."""
        path.write_text(json.dumps(list(self._calls)))

    def _plain(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(client: Any, resource_path: str, method: str, *args: Any, **options: Any) -> Any:
            answer = call(client, resource_path, method, *args, **options)
            self._keep(PLAIN, method, resource_path, answer)
            return answer

        return recorded

    def _awaited(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def recorded(client: Any, resource_path: str, method: str, *args: Any, **options: Any) -> Any:
            answer = await call(client, resource_path, method, *args, **options)
            self._keep(AWAITED, method, resource_path, answer)
            return answer

        return recorded

    def _keep(self, way: str, method: str, path: str, answer: Any) -> None:
        self._calls[way, method, path.partition("?")[0], answer.http_response.status] = None
