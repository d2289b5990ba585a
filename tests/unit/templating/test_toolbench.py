from collections.abc import Sequence

from everloop.domain.template_tool import ToolResult
from everloop.errors import Unprocessable
from everloop.templating.toolbench import Toolbench


class Echo:
    """A template tool that says what it was given, and counts."""

    id = "oc_echo"

    def __init__(self):
        self.asked = 0

    def knows(self, word: str) -> bool:
        return False

    def run(self, arguments: Sequence[str]) -> str:
        self.asked += 1
        if not arguments:
            raise Unprocessable("Nothing to say.")
        return "+".join(arguments)


def test_each_call_is_made_once_and_told():
    echo = Echo()
    bench = Toolbench({"echo": echo})
    assert [bench.run("echo", ["a", 'b"']) for _ in range(2)] == ['a+b"', 'a+b"']
    assert echo.asked == 1
    assert bench.results == (ToolResult("oc_echo", "echo", r'echo("a", "b\"")', 'a+b"'),)
    assert bench.refusal is None


def test_a_refusal_is_kept_for_the_caller():
    bench = Toolbench({"echo": Echo()})
    assert bench.run("echo", []) is None
    assert bench.refusal is not None
    assert bench.refusal.message == "Nothing to say."
    assert bench.results == ()
