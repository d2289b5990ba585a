"""Every dialect, in the order of their names."""

from tests.contract.providers.dialects.dialect import Dialect
from tests.contract.providers.dialects.openai import OpenAi

DIALECTS: tuple[Dialect, ...] = (OpenAi(),)
