"""Feedback as v4 shows it."""

from everloop.api.fields import moment
from everloop.api.v4.feedback_models import FeedbackResponse
from everloop.domain.feedback import Feedback


def feedback(piece: Feedback) -> FeedbackResponse:
    """One piece."""
    return FeedbackResponse(
        type=piece.type,
        value=list(piece.value) if isinstance(piece.value, tuple) else piece.value,
        data_id=piece.log_id,
        user=piece.user,
        created_at=moment(piece.created_at),
        id=piece.id,
    )
