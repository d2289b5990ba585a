"""An experiment on a running server: two `mock` configs, in a project of its own, spoken to over HTTP alone.

stage = Stage.build(running_server, "project", live=True)
answer = stage.call(user="ada")
stage.rate(answer["data"][0]["id"], "good")
assert stage.arm(stage.one)["rated_units"] == 1
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.application import Streamed
from tests.server import Reply, RunningServer

GOOD: Final = {"type": "rating", "value": "good"}
# A config that is called another way than the stage's own.
CHAT: Final[dict[str, Any]] = {
    "endpoint": "chat",
    "prompt_template": None,
    "chat_template": [{"role": "user", "content": "Hi"}],
}
BAD_REQUEST: Final = "bad_request_error"


@dataclass(frozen=True, slots=True)
class Stage:
    """`one` and `two` are the ids of the configs; what they answer begins with their names."""

    server: RunningServer
    project: str
    project_id: str
    one: str
    two: str
    id: str

    @classmethod
    def build(
        cls,
        server: RunningServer,
        project: str,
        *,
        live: bool = False,
        scripts: Mapping[str, Mapping[str, Any]] | None = None,
        **new: Any,
    ) -> "Stage":
        """`scripts` tells `mock` what the arms do, by their names; `new` are fields of the experiment."""
        made = []
        for name in ("one", "two"):
            script = {"text": f"{name} says hello", **(scripts or {}).get(name, {})}
            config = {"provider": "mock", "model": name, "prompt_template": name, "other": {"mock": script}}
            made.append(server.post("/v4/model-configs", {"project": project, **config}).expect(200))
        project_id, (one, two) = made[0]["project_id"], [each["config"]["id"] for each in made]
        body = {"name": "which", "config_ids": [one, two], "positive_labels": [GOOD], "set_active": live} | new
        answer = server.post(f"/v4/projects/{project_id}/experiments", body).expect(200)
        return cls(server, project, project_id, one, two, answer["id"])

    @property
    def place(self) -> str:
        """Where v4 has the project."""
        return f"/v4/projects/{self.project_id}"

    def config(self, project: str | None = None, **changes: Any) -> str:
        """One config more, in this project or in another."""
        body = {"project": project or self.project, "provider": "mock", "model": "more", "prompt_template": "more"}
        made: str = self.server.post("/v4/model-configs", body | changes).expect(200)["config"]["id"]
        return made

    def deploy(self, environment_id: str | None = None) -> Reply:
        """Puts the experiment live."""
        places = None if environment_id is None else [{"id": environment_id}]
        return self.server.patch(f"{self.place}/deploy-config", {"experiment_id": self.id, "environments": places})

    def change(self, **changes: Any) -> Reply:
        """Changes the experiment by our own API."""
        return self.server.patch(f"/api/experiments/{self.id}", changes)

    def change_v4(self, **changes: Any) -> Reply:
        """Changes the experiment by v4."""
        return self.server.patch(f"/v4/experiments/{self.id}", changes)

    def conclude(self, winner: str | None = None, **more: Any) -> Reply:
        """Ends the experiment."""
        return self.server.post(f"/api/experiments/{self.id}/conclude", {"winner": winner, **more})

    def read(self) -> dict[str, Any]:
        """The experiment as our own API has it."""
        answer: dict[str, Any] = self.server.get(f"/api/experiments/{self.id}").expect(200)
        return answer

    def results(self, query: str = "") -> dict[str, Any]:
        """Its results."""
        answer: dict[str, Any] = self.server.get(f"/api/experiments/{self.id}/results{query}").expect(200)
        return answer

    def arm(self, config_id: str) -> dict[str, Any]:
        """The results of one arm."""
        return next(each for each in self.results()["arms"] if each["config_id"] == config_id)

    def call(self, **body: Any) -> dict[str, Any]:
        """A call of what is deployed."""
        answer: dict[str, Any] = self.server.post("/v4/completion-deployed", {"project": self.project} | body).expect(
            200
        )
        return answer

    def draw(self, **body: Any) -> Reply:
        """A call of the experiment."""
        return self.server.post("/v4/completion-experiment", {"experiment_id": self.id} | body)

    def stream(self, **body: Any) -> Streamed:
        """The same, streamed."""
        reply = self.draw(**body, stream=True)
        return Streamed(reply.status, reply.headers, reply.body)

    def rate(self, log_id: str, value: str | None, **more: Any) -> None:
        """Says something of a log."""
        said = {"type": "rating", "value": value, "data_id": log_id}
        self.server.post("/v4/feedback", said | more).expect(200)

    def sample(self) -> dict[str, Any]:
        """One of its configs, with a trial."""
        answer: dict[str, Any] = self.server.get(f"/v4/experiments/{self.id}/model-config").expect(200)
        return answer

    def log(self, log_id: str) -> dict[str, Any]:
        """One log."""
        answer: dict[str, Any] = self.server.get(f"/v4/logs/{log_id}").expect(200)
        return answer

    def logs(self) -> list[dict[str, Any]]:
        """The logs of the project, newest first."""
        page = self.server.get(f"/v4/logs?project_id={self.project_id}&size=1000").expect(200)
        records: list[dict[str, Any]] = page["records"]
        return records

    def live(self) -> dict[str, str | None]:
        """What is live in each environment: the id of a config or an experiment."""
        listed = self.server.get(f"{self.place}/deployed-configs").expect(200)
        return {each["environment_name"]: each["model_config_id"] or each["experiment_id"] for each in listed}

    def everything(self) -> list[Any]:
        """All that a refused call must leave as it was."""
        return [
            self.server.get(self.place).expect(200),
            self.server.get(f"{self.place}/configs").expect(200),
            self.server.get(f"{self.place}/experiments").expect(200),
            self.server.get(f"/api/projects/{self.project_id}/experiments").expect(200),
            self.server.get(f"/api/projects/{self.project_id}/deployments").expect(200),
            self.results(),
            self.logs(),
        ]


def assert_refused(reply: Reply, status: int, kind: str, *words: str) -> None:
    """The answer is v4's object, which names what is wrong."""
    detail = reply.expect(status)["detail"]
    assert (detail["type"], detail["code"], detail["origin"]) == (kind, status, "Everloop")
    for word in words:
        assert word in detail["message"]


def assert_wrong(reply: Reply, *location: str | int) -> None:
    """The answer is v4's list of wrong fields, which has this one alone."""
    (issue,) = reply.expect(422)["detail"]
    assert issue["loc"] == list(location)
    assert issue["msg"]
    assert issue["type"]
