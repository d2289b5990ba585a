"""What v4 had and Everloop has not: apps and fine-tunes. Said so at their addresses; not in the documentation."""

from fastapi import APIRouter

from everloop.errors import NotOffered

router = APIRouter(include_in_schema=False)


@router.api_route("/v4/apps", methods=["GET"])
@router.api_route("/v4/apps/{id}", methods=["GET"])
@router.api_route("/v4/apps/{id}/sessions", methods=["GET"])
async def apps() -> None:
    """Apps became projects in 0.5 of the official clients."""
    raise NotOffered("Everloop has no apps, which v4 itself gave up: use /v4/projects and /v4/sessions.")


@router.api_route("/v4/finetunes/{id}", methods=["PATCH"])
@router.api_route("/v4/projects/{id}/finetunes", methods=["GET", "POST"])
@router.api_route("/v4/projects/{id}/finetunes/summary", methods=["POST"])
async def finetunes() -> None:
    """Models are tuned by those who make them."""
    raise NotOffered("Everloop tunes no models: tune one at its provider, and register a config that names it.")
