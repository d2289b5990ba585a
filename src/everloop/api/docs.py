"""`/docs`: the API's page, served whole from this server, so that it works offline and tells nobody that it was read.

Swagger UI comes with the package `fastapi-offline`, of which only the files are used.
"""

from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

router = APIRouter(include_in_schema=False)

_FILES: Final = Path(str(files("fastapi_offline"))) / "static"
_CACHED: Final = {"Cache-Control": "public, max-age=3600"}

# Swagger UI writes style attributes; everything else comes from this server, as files.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# Every address is relative, so that the page works behind a proxy that puts Everloop under a path.
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Everloop API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

# `validatorUrl: null`: Swagger UI would send the document to a server of its makers.
_START: Final = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


@router.get("/docs")
async def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})


@router.get("/docs/start.js")
async def start() -> Response:
    """The script that starts the page; a file of its own, since the policy allows no script inside the page."""
    return Response(_START, media_type="text/javascript", headers=_CACHED)


@router.get("/docs/swagger-ui-bundle.js")
async def bundle() -> FileResponse:
    """Swagger UI."""
    return FileResponse(_FILES / "swagger-ui-bundle.js", media_type="text/javascript", headers=_CACHED)


@router.get("/docs/swagger-ui.css")
async def style() -> FileResponse:
    """Swagger UI's looks."""
    return FileResponse(_FILES / "swagger-ui.css", media_type="text/css", headers=_CACHED)
