"""How many bytes logs have where they are shown: with their bodies, their configs and their feedback."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import CompoundSelect, Row, case, func, select, union_all

from everloop.domain.scope import Scope
from everloop.storage.log_tables import log_body
from everloop.storage.page_bytes import bytes_in
from everloop.storage.tables import feedback, model_config

_BODY: Final = bytes_in(each for each in log_body.columns if each.name not in ("organisation_id", "log_id"))


def weights(scope: Scope, rows: Sequence[Row[Any]]) -> CompoundSelect[int]:
    """The bytes of everything that is shown with some rows of `log`; each of them shows its own config."""
    ids = [row.id for row in rows]
    bodies = select(_BODY.label("bytes")).where(
        log_body.c.organisation_id == scope.organisation_id, log_body.c.log_id.in_(ids)
    )
    said = select(func.bytes_of(feedback.c.value)).where(
        feedback.c.organisation_id == scope.organisation_id, feedback.c.log_id.in_(ids)
    )
    times = Counter(row.config_id for row in rows if row.config_id is not None)
    if not times:
        return union_all(bodies, said)
    shown = func.bytes_of(model_config.c.config) * case(dict(times), value=model_config.c.id)
    configs = select(shown).where(model_config.c.organisation_id == scope.organisation_id, model_config.c.id.in_(times))
    return union_all(bodies, configs, said)
