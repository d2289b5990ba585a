"""What the store of experiments shows of another organisation: nothing."""

from everloop import errors
from everloop.domain.deployment import ExperimentTarget
from everloop.domain.ids import EnvironmentId, ExperimentId, ProjectId
from tests.contract.stores.isolation.things import (
    ARMS_OF_ALL,
    EXPERIMENT,
    MOODS,
    PROJECT,
    TRIAL,
    Seeing,
    Steps,
    Touching,
    a_config,
)
from tests.contract.stores.samples import a_deployment, a_trial, a_version, an_experiment, an_exposed_log

SEEING_NOTHING: Seeing = {
    "ExperimentStore.get": (lambda s, who: s.experiments.get(who, EXPERIMENT), None),
    "ExperimentStore.of_project": (lambda s, who: s.experiments.of_project(who, PROJECT), ()),
    "ExperimentStore.trial": (lambda s, who: s.experiments.trial(who, TRIAL), None),
    "ExperimentStore.results": (lambda s, who: s.experiments.results(who, [EXPERIMENT]), {EXPERIMENT: {}}),
    "ExperimentStore.timeline": (lambda s, who: s.experiments.timeline(who, EXPERIMENT, EnvironmentId("env_a")), ()),
}

TOUCHING_NOTHING: Touching = {
    "ExperimentStore.create": (
        lambda s, who: s.experiments.create(who, an_experiment("exp_2", "stranger's", "config_1")),
        errors.NotFound,
    ),
    "ExperimentStore.change": (
        lambda s, who: s.experiments.change(who, EXPERIMENT, lambda each: each.renamed("stolen", 99)),
        errors.NotFound,
    ),
    "ExperimentStore.delete": (lambda s, who: s.experiments.delete(who, EXPERIMENT, 99), errors.NotFound),
    "ExperimentStore.expose": (lambda s, who: s.experiments.expose(who, a_trial("trial_2")), errors.NotFound),
}

STEPS: Steps = {
    "experiment": lambda s, who, pick: s.experiments.create(
        who,
        an_experiment(
            f"exp_{pick.one}", f"name {pick.two}", *ARMS_OF_ALL, project="pr_0", labels=MOODS, created_at=pick.now
        ),
    ),
    "add arm": lambda s, who, pick: s.experiments.change(
        who,
        ExperimentId(f"exp_{pick.one}"),
        lambda each: each.with_arm(a_version(a_config(pick.now - 2 * pick.two), "pr_0"), pick.now),
    ),
    "other labels": lambda s, who, pick: s.experiments.change(
        who, ExperimentId(f"exp_{pick.one}"), lambda each: each.judged_by(MOODS[: pick.two], pick.now)
    ),
    "delete experiment": lambda s, who, pick: s.experiments.delete(who, ExperimentId(f"exp_{pick.one}"), pick.now),
    "expose": lambda s, who, pick: s.experiments.expose(
        who, a_trial(f"trial_{pick.two}", ARMS_OF_ALL[0], f"exp_{pick.one}", pick.environment)
    ),
    "deploy experiment": lambda s, who, pick: s.deployments.deploy(
        who,
        [
            a_deployment(
                f"dep_{pick.now}", ExperimentTarget(ExperimentId(f"exp_{pick.one}")), "pr_0", pick.environment, pick.now
            )
        ],
    ),
    "exposed log": lambda s, who, pick: s.log_writer.append(
        who,
        [
            an_exposed_log(
                pick.log,
                a_trial(f"trial_{pick.two}", ARMS_OF_ALL[pick.one % 2], f"exp_{pick.one}"),
                project_id=ProjectId("pr_0"),
            )
        ],
    ),
}
