import pytest

from everloop import errors
from everloop.storage.opening import Storage


async def test_a_sound_database_is_ready(storage: Storage):
    for _ in range(3):
        await storage.health.ready()


async def test_it_is_not_ready_once_the_writer_has_ended(storage: Storage):
    await storage.log_writer.close()
    with pytest.raises(errors.Unavailable, match="ended"):
        await storage.health.ready()
