"""Filters and orders of logs, held against a plain model (`tests.log_model`)."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.config import ModelConfig
from everloop.domain.feedback import Feedback, FeedbackClass, FeedbackType
from everloop.domain.ids import LogId, ProjectId
from everloop.domain.log import Log, LogBody
from everloop.domain.log_filter import (
    EVERYTHING,
    FeedbackFilter,
    LogColumn,
    LogFilter,
    LogSort,
    VersionStatus,
)
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    ALL,
    a_log,
    a_log_id,
    a_piece,
    a_project,
    a_version,
    an_environment,
    an_organisation,
)
from tests.log_model import found

PROJECT = ProjectId("pr_1")
# Letters of one and two cases, of several alphabets, some whose cases are no pair; what JSON, SQL and patterns escape.
TEXT = st.text(st.sampled_from("aAbBzéÉßẞσΣςıİKkµΜ𐐀𐐨0 1%_*[]\\\"'\n\t\x00\x1a/"), max_size=6)  # noqa: RUF001 - look-alikes on purpose
MODELS = ["gpt-4", "gpt-4o", "gpt-4 x", 'quoted "é" \\']
SOURCES = ["", "api", "API", "é", "web app"]
TYPES = {
    "rating": st.sampled_from(["good", "bad", "true"]) | st.booleans(),
    "issue": st.sampled_from(["slow", "wrong", '"slow"']),
    "stars": st.integers(-3, 12) | st.sampled_from([0.5, 2.25, -1.5]),
    "comment": st.sampled_from(["good", "5", "", "É"]),
}
STARS = FeedbackType("stars", FeedbackClass.NUMBER)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    inputs = draw(st.dictionaries(TEXT, TEXT, max_size=2) | st.none())
    metadata = draw(st.none() | st.dictionaries(TEXT, TEXT | st.integers(), max_size=2))
    log = a_log(config=draw(st.sampled_from([None, *(f"config_{number}" for number in range(len(MODELS)))])))
    return replace(
        log,
        created_at=draw(st.integers(1, 6)),
        source=draw(st.none() | st.sampled_from(SOURCES)),
        body=LogBody(
            inputs=None if inputs is None else msgspec.json.encode(inputs),
            metadata=None if metadata is None else msgspec.json.encode(metadata),
            output=draw(st.none() | TEXT),
        ),
    )


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str, Any, str | None]:
    name = draw(st.sampled_from(list(TYPES)))
    return name, draw(TYPES[name]), draw(st.sampled_from([None, "ada"]))


PART = TEXT.filter(lambda text: "\x00" not in text)
SORT = st.builds(
    lambda key, descending: (
        LogSort(LogColumn(key), descending=descending)
        if key in list(LogColumn)
        else LogSort(feedback_type=key, descending=descending)
    ),
    st.sampled_from([*LogColumn, *TYPES, "unheard of"]),
    st.booleans(),
)
SAID = st.sampled_from(["good", "bad", "true", "slow", '"slow"', '"good"', "5", "0.5", "", "unheard of"])
FILTER = st.builds(
    LogFilter,
    search=st.none() | PART,
    metadata_search=st.none() | PART,
    version_status=st.sampled_from([None, None, *VersionStatus]),
    since=st.none() | st.integers(0, 4),
    before=st.none() | st.integers(3, 8),
    sources=st.just(()) | st.lists(st.sampled_from([*SOURCES, "none"]), max_size=2).map(tuple),
    models=st.just(()) | st.lists(st.sampled_from([*MODELS, "none"]), max_size=2).map(tuple),
    feedback=st.just(())
    | st.lists(
        st.builds(FeedbackFilter, st.sampled_from([*TYPES, "none"]), st.lists(SAID, min_size=1, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    order=st.lists(SORT, max_size=3).map(tuple),
)
# One thing asked at a time as well: with all at once few logs are ever found.
ONE = st.sampled_from(list(LogFilter.__dataclass_fields__)).flatmap(
    lambda name: FILTER.map(lambda each: LogFilter(**{name: getattr(each, name), "order": each.order}))
)


@pytest.fixture
async def searched(open_named: Opener) -> tuple[Storage, Scope]:
    """One database for all examples: each has a project of its own in it."""
    storage = await open_named("searched")
    scope = Scope(an_organisation("a").id, "key_a")
    await storage.organisations.create(an_organisation("a"), an_environment("env_a"))
    return storage, scope


NUMBERS = iter(range(1, 10**9))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kept=st.lists(st.tuples(logs(), st.lists(pieces(), max_size=3)), max_size=8),
    filters=st.lists(ONE | FILTER, min_size=6, max_size=10),
    size=st.integers(1, 4),
)
async def test_filters_and_orders_are_those_of_a_plain_model(
    searched: tuple[Storage, Scope], kept: list[Any], filters: list[LogFilter], size: int
):
    storage, scope = searched
    number = next(NUMBERS)
    project = ProjectId(f"pr_{number}")
    await storage.projects.create(scope, a_project(project))
    for place, model in enumerate(MODELS):
        config = ModelConfig(model, prompt_template="nul \x00 and \\u0000")
        version = a_version(f"config_{number}_{place}", project, config)
        await storage.configs.register(scope, version, None)
    models: dict[str | None, str] = {f"config_{number}_{place}": model for place, model in enumerate(MODELS)}
    made = [
        replace(
            log,
            id=a_log_id(number * 100 + place),
            project_id=project,
            config_id=None if log.config_id is None else f"config_{number}_{log.config_id.removeprefix('config_')}",
        )
        for place, (log, _) in enumerate(kept)
    ]
    await storage.log_writer.append(scope, made)
    for log, (_, said) in zip(made, kept, strict=True):
        for name, value, user in said:
            piece = a_piece(f"ann_{next(NUMBERS)}", value, name, log=log.id, user=user, created_at=next(NUMBERS) % 3)
            await storage.feedback.record(scope, project, [STARS], [piece])
    said_of: dict[LogId, tuple[Feedback, ...]] = await storage.feedback.of_logs(scope, [each.id for each in made])
    for chosen in filters:
        expected = found(made, chosen, said_of, models)
        page = await storage.logs.find(scope, project, chosen, ALL)
        assert [each.id for each in page.items] == [each.id for each in expected], chosen
        assert list(page.items) == expected
        assert page.total == len(expected)
        pages = [
            await storage.logs.find(scope, project, chosen, PageRequest(offset, size))
            for offset in range(0, len(expected) + 2 * size, size)
        ]
        assert [each for page in pages for each in page.items] == expected, "page after page the same"
        assert {page.total for page in pages} == {len(expected)}


async def test_without_a_filter_it_is_the_plain_list(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    await storage.log_writer.append(scope, [a_log(a_log_id(number)) for number in range(5)])
    await storage.log_writer.append(scope, [a_log("data_elsewhere", "pr_2")])
    for request in (ALL, PageRequest(1, 2), PageRequest(9, 2)):
        assert await storage.logs.find(scope, PROJECT, EVERYTHING, request) == await storage.logs.page(
            scope, PROJECT, request
        )


@pytest.mark.parametrize(
    ("search", "hits"),
    [
        ("HELLO", {"data_1"}),
        ("ÄPFEL", {"data_1"}),
        ('say "hi"', {"data_2"}),
        ("two\nlines", {"data_2"}),
        ("0", set()),
        ("%", set()),
        ("_", set()),
        ("after", {"data_3"}),
        ("ÉÈÊËÀÂÄÔÖÛÜÇÑÅØÆŒŠŽÝ", set()),
        ("x" * 500, set()),
    ],
)
async def test_what_is_found(storage: Storage, scope: Scope, search: str, hits: set[str]):
    await storage.projects.create(scope, a_project())
    await storage.log_writer.append(
        scope,
        [
            a_log("data_1", body=LogBody(inputs=b'{"q":"Hello"}', output="äpfel")),
            a_log("data_2", body=LogBody(inputs=b'{"q":"Say \\"Hi\\""}', output="two\nlines")),
            a_log("data_3", body=LogBody(inputs=b"{}", output="nul \x00 AFTER")),
        ],
    )
    page = await storage.logs.find(scope, PROJECT, LogFilter(search=search), ALL)
    assert {each.id for each in page.items} == hits
