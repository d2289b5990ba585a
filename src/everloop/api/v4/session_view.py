"""Sessions as v4 shows them."""

import msgspec

from everloop.api.fields import moment
from everloop.api.v4.session_models import SessionProjectResponse, SessionResponse
from everloop.domain.session import SessionSummary


def session(summary: SessionSummary) -> SessionResponse:
    """A session with what its logs say."""
    return SessionResponse(
        id=summary.session.id,
        reference_id=summary.session.reference_id,
        projects=[SessionProjectResponse(id=each, name=name, type="prompt") for each, name in summary.projects],
        datapoints_count=summary.logs,
        first_inputs=None if summary.first_inputs is None else msgspec.json.decode(summary.first_inputs),
        last_output=summary.last_output,
        created_at=moment(summary.session.created_at),
        updated_at=moment(summary.updated_at),
    )
