"""Deployments as v4 shows them."""

from everloop.api.v4.deployment_models import EnvironmentProjectConfigResponse
from everloop.domain.config import ConfigVersion
from everloop.domain.experiment import Experiment
from everloop.services.deployments import Live


def environment_config(live: Live) -> EnvironmentProjectConfigResponse:
    """What is live in one environment."""
    target = live.target
    version = target if isinstance(target, ConfigVersion) else None
    experiment = target if isinstance(target, Experiment) else None
    return EnvironmentProjectConfigResponse(
        project_id=live.project.id,
        project_name=live.project.name,
        model_config_id=None if version is None else version.id,
        model_config_name=None if version is None else version.name,
        environment_id=live.environment.id,
        environment_name=live.environment.name,
        environment_tag=live.environment.tag,
        experiment_id=None if experiment is None else experiment.id,
        experiment_name=None if experiment is None else experiment.name,
    )
