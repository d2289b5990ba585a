import math
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.ids import ALPHABET, TIME_WIDTH, Prefix, base62
from everloop.ports.system import Ids
from everloop.security.random_ids import RandomIds

IDS: Ids = RandomIds()
MILLISECONDS = st.integers(0, 62**7 - 1)


@pytest.mark.parametrize("prefix", list(Prefix))
def test_an_identifier_has_its_prefix_and_21_characters(prefix: Prefix):
    assert re.fullmatch(prefix.value + "_[0-9A-Za-z]{21}", IDS.new(prefix))


def test_an_api_key_has_its_prefix_and_160_bits_or_more():
    characters = re.fullmatch("hl_sk_([0-9A-Za-z]*)", IDS.api_key())
    assert characters
    assert len(characters[1]) == 32
    assert 32 * math.log2(len(ALPHABET)) >= 160


@given(MILLISECONDS)
def test_a_log_id_carries_its_time(milliseconds: int):
    log_id = IDS.log(milliseconds)
    assert re.fullmatch("data_[0-9A-Za-z]{21}", log_id)
    assert log_id.startswith(f"data_{base62(milliseconds, TIME_WIDTH)}")


@given(MILLISECONDS, MILLISECONDS)
def test_log_ids_sort_by_time(one: int, other: int):
    if one != other:
        assert (IDS.log(one) < IDS.log(other)) == (one < other)


def test_threads_never_draw_the_same():
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: IDS.log(1_790_000_000_000), range(40_000)))
    assert len(set(drawn)) == 40_000


FORK = """
import os, sys
from everloop.ports.system import Ids
from everloop.security.random_ids import RandomIds
ids = RandomIds()
print(ids.api_key(), ids.log(0), flush=True)
child = os.fork()
keys = [each for _ in range(500) for each in (ids.api_key(), ids.log(0))]
if child:
    os.waitpid(child, 0)
print(*keys, sep="\\n", flush=True)
"""


def test_a_fork_does_not_repeat_its_parent():
    answer = subprocess.run([sys.executable, "-c", FORK], check=True, capture_output=True, text=True, timeout=60)
    keys = answer.stdout.split()
    assert len(keys) == len(set(keys)) == 2002


DRAWS = pytest.mark.parametrize(
    ("draw", "width"),
    [(lambda: IDS.api_key()[6:], 32), (lambda: IDS.new(Prefix.PROJECT)[3:], 21)],
    ids=["api key", "identifier"],
)


@DRAWS
def test_so_many_bits_are_drawn_that_no_character_is_preferred(draw, width, monkeypatch: pytest.MonkeyPatch):
    drawn: list[int] = []

    def zeros(count: int) -> bytes:
        drawn.append(count)
        return bytes(count)

    monkeypatch.setattr(os, "urandom", zeros)
    assert draw() == "0" * width
    assert sum(drawn) * 8 >= width * math.log2(len(ALPHABET)) + 40


@DRAWS
def test_every_character_comes_up_in_every_place(draw, width):
    rounds = 4000
    columns = [Counter(column) for column in zip(*(draw() for _ in range(rounds)), strict=True)]
    assert len(columns) == width
    expected = rounds / len(ALPHABET)
    for column in columns:
        # Chi-squared with 61 degrees of freedom is above 160 once in 10**10 columns.
        assert sum((column[character] - expected) ** 2 / expected for character in ALPHABET) < 160
