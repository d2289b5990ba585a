from dataclasses import replace

from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ApiKeyId, EnvironmentId, ExperimentId, OrganisationId, ProjectId
from everloop.domain.keys import ApiKey
from everloop.domain.project import Project
from everloop.domain.snapshot import OrganisationView, ProjectView, Snapshot

ORG = OrganisationId("org_1")
PRODUCTION = Environment(EnvironmentId("env_1"), "production", True, 0)
STAGING = Environment(EnvironmentId("env_2"), "staging", False, 0)


def project(project_id, name):
    return ProjectView(Project(ProjectId(project_id), name, 0, 0))


def test_projects_are_found_by_name_after_a_rename_and_not_by_the_old_one():
    view = OrganisationView(ORG).with_projects([project("pr_1", "old"), project("pr_2", "other")])
    renamed = view.with_projects([project("pr_1", "new")])
    assert renamed.project_named("old") is None
    found = renamed.project_named("new")
    assert found is not None
    assert found.project.id == "pr_1"
    assert renamed.project_named("other") is not None


def test_a_deleted_project_is_gone_and_the_earlier_view_is_unchanged():
    view = OrganisationView(ORG).with_projects([project("pr_1", "a")])
    after = view.with_projects([], [ProjectId("pr_1"), ProjectId("pr_unknown")])
    assert after.project_named("a") is None
    assert view.project_named("a") is not None


def test_environments_are_found_by_name_and_by_being_the_default():
    view = OrganisationView(ORG, {each.id: each for each in (STAGING, PRODUCTION)})
    assert view.default_environment is PRODUCTION
    assert view.environment_named("staging") is STAGING
    assert view.environment_named("nowhere") is None
    assert (PRODUCTION.tag, STAGING.tag) == ("default", "other")


def test_revoked_keys_open_nothing():
    keys = (
        ApiKey(ApiKeyId("key_1"), ORG, "valid", b"1", "", 0),
        ApiKey(ApiKeyId("key_2"), ORG, "revoked", b"2", "", 0, revoked_at=1),
    )
    snapshot = Snapshot(0).with_organisations(5, [OrganisationView(ORG, api_keys=keys)])
    assert set(snapshot.keys_by_digest) == {b"1"}
    assert snapshot.epoch == 5


def test_other_organisations_stay_when_one_changes():
    other = OrganisationId("org_2")
    key = ApiKey(ApiKeyId("key_1"), other, "theirs", b"1", "", 0)
    snapshot = Snapshot(0).with_organisations(1, [OrganisationView(other, api_keys=(key,))])
    later = snapshot.with_organisations(2, [OrganisationView(ORG)])
    assert set(later.organisations) == {ORG, other}
    assert set(later.keys_by_digest) == {b"1"}


def with_experiments(project_id, *ids):
    experiments = {
        ExperimentId(each): Experiment(ExperimentId(each), ProjectId(project_id), each, "salt", (), 0, 0)
        for each in ids
    }
    return replace(project(project_id, project_id), experiments=experiments)


def test_an_experiment_leads_to_its_project():
    view = OrganisationView(ORG).with_projects([with_experiments("pr_1", "exp_1", "exp_2"), project("pr_2", "other")])
    for each in ("exp_1", "exp_2"):
        found = view.project_of_experiment(ExperimentId(each))
        assert found is not None
        assert found.project.id == "pr_1"
    assert view.project_of_experiment(ExperimentId("exp_3")) is None


def test_an_experiment_that_is_gone_leads_nowhere():
    view = OrganisationView(ORG).with_projects([with_experiments("pr_1", "exp_1"), with_experiments("pr_2", "exp_2")])
    fewer = view.with_projects([with_experiments("pr_1")], [ProjectId("pr_2")])
    assert [fewer.project_of_experiment(ExperimentId(each)) for each in ("exp_1", "exp_2")] == [None, None]
    assert view.project_of_experiment(ExperimentId("exp_1")) is not None, "the earlier view is unchanged"
