"""A prediction whose text is given as it grows: states in, our events out; no I/O."""

from everloop.domain.generation import Event, FinishReason
from everloop.errors import ProviderFailure
from everloop.providers.failures import malformed
from everloop.providers.one_sample import OneSample
from everloop.providers.redaction import Redactor
from everloop.providers.replicate.prediction import Prediction, parsed


class StreamedPrediction(OneSample):
    """Follows one prediction, as `wire.AnswerReader`; it is fed whole states."""

    __slots__ = ("_said",)

    def __init__(self, origin: str, redactor: Redactor) -> None:
        super().__init__(origin, redactor)
        self._said = ""

    def feed(self, packet: bytes) -> list[Event]:
        """What the next state says beyond the last one."""
        if self.over:
            return []
        try:
            prediction = parsed(packet, self._origin)
        except ProviderFailure as failure:
            return self.fail(failure)
        # What had been said may be gone from a prediction that fails.
        text = prediction.text if prediction.succeeded else prediction.growing or ""
        events = self._grown(text) if text or prediction.succeeded else []
        if self.failure is not None or not prediction.finished:
            return events
        return events + self._ended(prediction, packet)

    def _grown(self, text: str) -> list[Event]:
        if not text.startswith(self._said):
            return self.fail(malformed(self._origin, "took back what its model had said."))
        more, self._said = text[len(self._said) :], text
        return self.text(more) if more else []

    def _ended(self, prediction: Prediction, state: bytes) -> list[Event]:
        failure = prediction.failure(self._origin)
        if failure is None:
            return self.finish(FinishReason.STOP, state, prediction.usage)
        failure = ProviderFailure(
            failure.kind, self._redactor.text(failure.message), origin=failure.origin, upstream_code=200
        )
        return self.fail(failure, prediction.usage)
