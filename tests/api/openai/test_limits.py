"""A limit that is used up is what OpenAI's clients know as one."""

import openai
import pytest

from tests.api.openai.conftest import USER


@pytest.mark.parametrize("stream", [False, True])
def test_over_a_limit(door, stream):
    project = door.mocks({"text": "Hi"})
    body = {"project_id": door.app.project_id(project), "measure": "requests", "period": "day", "amount": 1}
    limit = door.app.server.post("/api/limits", body).expect(201)
    for _ in door.client.chat.completions.create(model=project, messages=[USER], stream=True):
        pass
    with pytest.raises(openai.RateLimitError) as caught:
        door.client.chat.completions.create(model=project, messages=[USER], stream=stream)
    assert (caught.value.type, caught.value.code) == ("rate_limit_error", "rate_limit_exceeded")
    assert limit["id"] in caught.value.message
    assert int(caught.value.response.headers["retry-after"]) > 0
    assert len(door.app.logs(project, 1)) == 1
