"""Every dialect, in the order of their names."""

from tests.contract.providers.dialects.anthropic import Anthropic
from tests.contract.providers.dialects.azure import Azure
from tests.contract.providers.dialects.bedrock import Bedrock
from tests.contract.providers.dialects.cohere import Cohere
from tests.contract.providers.dialects.dialect import Dialect
from tests.contract.providers.dialects.google import Google
from tests.contract.providers.dialects.openai import OpenAi
from tests.contract.providers.dialects.responses import Responses

DIALECTS: tuple[Dialect, ...] = (Anthropic(), Azure(), Bedrock(), Cohere(), Google(), OpenAi(), Responses())
