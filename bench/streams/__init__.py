"""Streams that last: how evenly tokens arrive, how many a second get through, and a thousand open at once."""
