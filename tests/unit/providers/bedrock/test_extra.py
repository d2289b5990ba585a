"""What comes from the extra, and what a call is told where it is not installed."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.bedrock import extra
from everloop.providers.bedrock.format import BedrockFormat


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    extra._installed.cache_clear()
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    yield
    extra._installed.cache_clear()


@pytest.mark.usefixtures("missing")
def test_a_call_says_what_to_install():
    with pytest.raises(Unprocessable, match=r"pip install 'everloop\[bedrock\]'"):
        BedrockFormat().prepare(GenerationRequest(ModelConfig("amazon.nova-pro-v1:0"), "Hi"))


def test_the_extra_is_not_imported_before_it_is_used():
    program = "import sys, everloop.providers.formats; sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
