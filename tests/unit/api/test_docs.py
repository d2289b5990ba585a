from pathlib import Path

from everloop.api import docs


def test_the_page_asks_for_files_that_are_served():
    paths = {route.path for route in docs.router.routes if hasattr(route, "path")}

    asked = {f"/docs/{name}" for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js")}
    assert asked <= paths
    assert all(each.removeprefix("/") in docs._PAGE for each in asked)


def test_the_package_ships_the_files():
    for name, least in [("swagger-ui-bundle.js", 1_000_000), ("swagger-ui.css", 100_000)]:
        assert (Path(docs._FILES) / name).stat().st_size > least
