from typing import Any

import pytest

from everloop.domain.config import LoggedConfig, LoggedType, ModelConfig
from everloop.domain.deployment import ConfigTarget
from everloop.domain.document import Document
from everloop.domain.ids import TIME_WIDTH, base62
from everloop.domain.page import PageRequest
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.errors import BadRequest, InvalidFields, NotFound, Unavailable
from everloop.services.configs import Labels
from everloop.services.experiments import NewExperiment
from everloop.services.feedback import FeedbackCommand
from everloop.services.logs import LogCommand
from tests.fakes import FakeHouse
from tests.unit.services.experimenting import GOOD, Stage

CONFIG = ModelConfig(model="m")
TOOL = LoggedConfig(LoggedType.TOOL, {"name": "t"})


@pytest.fixture
async def house():
    return await FakeHouse.build()


def command(**changes):
    given: dict[str, Any] = {"project": ProjectReference("p"), "config": CONFIG} | changes
    return LogCommand(**given)


async def kept(house, **changes):
    (log,) = await house.logs.create(house.scope, [command(**changes)])
    return await house.logs.get(house.scope, log.id)


async def test_a_log_is_kept_with_what_made_it_and_nothing_goes_live(house):
    details = await kept(house, output=" x ", inputs=Document({"a": 1}, b'{"a":1}'), labels=Labels("name"))
    assert details.project.name == "p"
    assert details.use.version.config == CONFIG
    assert (details.log.body.output, details.log.body.raw_output, details.log.body.inputs) == (" x ", " x ", b'{"a":1}')
    assert house.memory.deployments == []


async def test_the_same_config_is_the_same_version(house):
    first, second = await kept(house), await kept(house, config=ModelConfig(model="m", temperature=1))
    assert first.log.config_id == second.log.config_id


async def test_a_config_that_many_logs_bring_is_registered_once(house):
    await kept(house)
    before = len(house.memory.changes)
    commands = [command(config=each) for each in [ModelConfig("n"), TOOL, CONFIG] * 20]
    logs = await house.logs.create(house.scope, [*commands, command(project=ProjectReference("q"))])
    assert len({log.config_id for log in logs}) == 4
    assert [log.config_id for log in logs[:3]] * 20 == [log.config_id for log in logs[:-1]]
    # The two model configs here, and the other project with its own.
    assert len(house.memory.changes) - before == 4


async def test_a_config_by_id_has_to_be_the_projects_own(house):
    other = await house.deploy("other", CONFIG)
    with pytest.raises(NotFound):
        await kept(house, config=None, config_id=other.id)
    assert (await kept(house, project=ProjectReference("other"), config=None, config_id=other.id)).use.version == other


async def test_a_config_of_another_type_is_kept_once_and_can_be_named(house):
    first = await kept(house, config=TOOL, labels=Labels("n", "d"))
    again = await kept(house, config=TOOL)
    named = await kept(house, config=None, config_id=first.log.config_id)
    assert first.use.version == again.use.version == named.use.version
    assert (first.use.version.config, first.use.version.name, first.use.version.description) == (TOOL, "n", "d")
    assert house.memory.deployments == []


async def test_a_config_of_another_type_can_be_called_nowhere(house):
    log = (await kept(house, config=TOOL)).log
    project = (await house.projects.view(house.scope, log.project_id)).project
    for refused in (
        house.configs.get(house.scope, log.config_id),
        house.configs.within(house.scope, project, log.config_id),
        house.deployments.deploy(house.scope, project.id, ConfigTarget(log.config_id), None),
    ):
        with pytest.raises(BadRequest, match="is of type `tool`"):
            await refused
    assert house.memory.deployments == []


async def test_what_made_it_has_to_be_said(house):
    with pytest.raises(InvalidFields) as caught:
        await kept(house, config=None, location=("body", 3))
    assert caught.value.issues[0].location == ("body", 3, "config")


async def test_its_time_can_be_given_and_is_in_its_id(house):
    details = await kept(house, created_at=1_500_000_000_000)
    assert details.log.created_at == 1_500_000_000_000
    assert details.log.id.startswith(f"data_{base62(1_500_000_000_000, TIME_WIDTH)}")
    assert details.log.updated_at == house.clock.now()
    assert (await kept(house, created_at=0)).log.created_at == 0


async def test_an_environment_is_named_only_when_given(house):
    assert (await kept(house)).environment is None
    assert (await kept(house, environment="production")).environment == "production"
    with pytest.raises(NotFound):
        await kept(house, environment="nowhere")


async def test_an_error_is_marked_as_the_callers_report(house):
    assert (await kept(house, error="it broke")).log.error_kind == "reported"
    assert (await kept(house)).log.error_kind is None


async def test_without_save_the_texts_are_dropped(house):
    details = await kept(house, save=False, output="x", error="y", metadata=Document({}, b"{}"))
    body = details.log.body
    assert (body.output, body.error, body.inputs, body.metadata) == (None, None, None, b"{}")
    assert details.log.error_kind == "reported"


async def test_tokens_are_usage(house):
    assert (await kept(house)).log.usage is None
    usage = (await kept(house, output_tokens=3)).log.usage
    assert (usage.prompt_tokens, usage.output_tokens, usage.estimated) == (None, 3, False)


async def test_feedback_comes_with_it(house):
    details = await kept(house, feedback=(FeedbackCommand("rating", "good", ""),))
    assert [(piece.value, piece.log_id) for piece in details.feedback] == [("good", details.log.id)]


async def test_all_or_none(house):
    good, bad = command(), command(environment="nowhere")
    with pytest.raises(NotFound):
        await house.logs.create(house.scope, [good, bad])
    assert house.kept == []


async def test_nothing_is_handed_over_once_there_is_no_room(house, monkeypatch):
    room, handed = iter([None, Unavailable("too many wait")]), []

    def check():
        if (refusal := next(room)) is not None:
            raise refusal

    async def append(_scope, logs):
        handed.append(logs)

    monkeypatch.setattr(house.writer, "check", check)
    monkeypatch.setattr(house.writer, "append", append)
    with pytest.raises(Unavailable, match="too many wait"):
        await house.logs.create(house.scope, [command()])
    assert handed == []


async def test_a_parent_in_the_same_request_is_not_there_yet(house):
    parent, child = command(reference_id="r"), command(links=LinkReference(parent_reference_id="r"))
    with pytest.raises(NotFound):
        await house.logs.create(house.scope, [parent, child])


async def test_pages_are_newest_first(house):
    logs = await house.logs.create(house.scope, [command(output=str(number)) for number in range(5)])
    page = await house.logs.page(house.scope, logs[0].project_id, PageRequest(1, 2))
    assert ([each.log.body.output for each in page.items], page.total) == (["3", "2"], 5)
    with pytest.raises(NotFound):
        await house.logs.page(house.scope, "pr_no", PageRequest(0, 1))


async def test_nothing_is_nothing(house):
    assert await house.logs.create(house.scope, []) == []
    with pytest.raises(NotFound):
        await house.logs.get(house.scope, "data_no")


async def test_a_trial_is_known_in_a_process_that_has_not_heard_of_its_experiment_yet():
    stage = await Stage.build()
    elsewhere = await stage.house.beside()
    new = NewExperiment("new", (GOOD,), (stage.one.id, stage.two.id))
    made = await stage.house.experiments.create(stage.house.scope, stage.project_id, new)
    sampled = await stage.house.sampling.of_experiment(stage.house.scope, made.experiment.id)
    details = await kept(elsewhere, config=None, trial_id=sampled.trial_id)
    assert (details.log.trial_id, details.log.experiment_id) == (sampled.trial_id, made.experiment.id)
    assert details.log.config_id == sampled.use.version.id


async def test_a_trial_is_of_no_other_project_and_of_no_deleted_experiment():
    stage = await Stage.build()
    sampled = await stage.house.sampling.of_experiment(stage.house.scope, stage.id)
    with pytest.raises(NotFound, match=sampled.trial_id):
        await kept(stage.house, project=ProjectReference("q"), config=None, trial_id=sampled.trial_id)
    await stage.house.experiments.delete(stage.house.scope, stage.id)
    with pytest.raises(NotFound, match=sampled.trial_id):
        await kept(stage.house, config=None, trial_id=sampled.trial_id)
    assert stage.house.kept == []
