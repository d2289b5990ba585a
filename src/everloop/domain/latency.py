"""Latencies, counted in buckets so that quantiles need neither the values nor an order of them.

The buckets of DDSketch: Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees", PVLDB 12(12), 2019. With g = (1 + a)/(1 - a), bucket i holds the values in (g**(i - 1), g**i], and
2*g**i/(g + 1) is within a factor of 1 +- a of all of them. Two sketches add up bucket by bucket.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

# At 1 % there are about 780 buckets between a tenth of a millisecond and ten minutes.
ACCURACY: Final = 0.01
_GROWTH: Final = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_GROWTH: Final = math.log(_GROWTH)
# Shorter than a microsecond or longer than a month is somebody's mistake, and counts as that long.
_SHORTEST: Final = 1e-6
_LONGEST: Final = 3e6


def bucket_of(seconds: float) -> int:
    """The bucket of a latency."""
    return math.ceil(math.log(min(max(seconds, _SHORTEST), _LONGEST)) / _LOG_GROWTH)


def buckets_of(latencies: Sequence[float]) -> Counter[int]:
    """How many of these there are in each bucket; for many at once in less time than one by one."""
    if latencies and min(latencies) >= _SHORTEST and max(latencies) <= _LONGEST:
        ceil, log = math.ceil, math.log
        return Counter([ceil(log(each) / _LOG_GROWTH) for each in latencies])
    return Counter(map(bucket_of, latencies))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The latency in seconds that `share` (0 to 1) of the values do not exceed, within 1 %; None without values.

    `counts` is by bucket. As in the paper's Algorithm 2: the value of rank floor(share * (n - 1)), counted from 0.
    """
    total = sum(counts.values())
    rank = math.floor(share * (total - 1))
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen > rank:
            return 2 * _GROWTH**bucket / (_GROWTH + 1)
    return None
