"""The well-known connections, as data: where each vendor is, what it speaks, and what it has no place for.

All of it comes from the vendors' own documentation, which each says. A capability is left out of a connection that
speaks a format of several vendors (`openai`) where the documentation denies it, or does not name its parameter.
"""

from collections.abc import Mapping
from typing import Final

from everloop.domain.capabilities import ALL, Capabilities, without
from everloop.domain.generation import Secret
from everloop.domain.value import value
from everloop.providers.connection import Connection

_NOTHING: Final[frozenset[str]] = frozenset()


@value
class Known:
    """A connection before the operator has set it up. Without a `base_url` of the vendor the operator gives one.

    The variables of the environment follow one rule: the name in capitals, and `_API_KEY` or `_BASE_URL`.
    """

    name: str
    origin: str
    format: str
    base_url: str | None
    needs_key: bool = True
    facts: Capabilities = ALL
    unsent: frozenset[str] = _NOTHING

    @property
    def key_variable(self) -> str:
        """The variable of the operator's key."""
        return f"{self.name.upper()}_API_KEY"

    @property
    def base_url_variable(self) -> str:
        """The variable of the operator's base URL."""
        return f"{self.name.upper()}_BASE_URL"

    def connection(self, key: str | None, base_url: str | None) -> Connection | None:
        """The connection with what the operator set (None or empty when not set); None while it leads nowhere.

        At another base URL than the vendor's a server of the operator's own answers, which may need no key. Raises
        ValueError for a base URL that could not be called as it stands.
        """
        url = (base_url or self.base_url or "").rstrip("/")
        if not url:
            return None
        return Connection(
            provider=self.name,
            origin=self.origin,
            base_url=url,
            key=Secret(key) if key else None,
            environment_variable=self.key_variable,
            needs_key=self.needs_key and self.base_url in (None, url),
            format=self.format,
            facts=self.facts,
            unsent=self.unsent,
        )


_ALL = (
    # https://platform.openai.com/docs/api-reference
    Known("openai", "OpenAI", "openai", "https://api.openai.com/v1"),
    # https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle: the v1 API, which takes no api-version,
    # at https://RESOURCE.openai.azure.com/openai/v1; `model` is the name of the deployment.
    Known("openai_azure", "Azure OpenAI", "azure", None),
    # https://docs.anthropic.com/en/api/messages
    Known("anthropic", "Anthropic", "anthropic", "https://api.anthropic.com/v1"),
    # https://ai.google.dev/api/generate-content
    Known("google", "Google", "google", "https://generativelanguage.googleapis.com/v1beta"),
    # https://docs.cohere.com/reference/chat
    Known("cohere", "Cohere", "cohere", "https://api.cohere.com/v2"),
    # https://docs.aws.amazon.com/general/latest/gr/bedrock.html: an address for each region, which decides where data
    # goes: https://bedrock-runtime.REGION.amazonaws.com
    Known("bedrock", "AWS Bedrock", "bedrock", None),
    # https://replicate.com/docs/reference/http
    Known("replicate", "Replicate", "replicate", "https://api.replicate.com/v1"),
    # https://console.groq.com/docs/openai, "Currently unsupported OpenAI features": text completions, logprobs, N.
    Known(
        "groq",
        "Groq",
        "openai",
        "https://api.groq.com/openai/v1",
        facts=without("completions", "samples", "logprobs", "suffix"),
    ),
    # https://docs.mistral.ai/api/endpoint/chat: the seed is named random_seed there (`other` can set it); there is
    # fill-in-the-middle, and no other completion. It refuses fields that it does not name, and streams tell their
    # usage unasked.
    Known(
        "mistral",
        "Mistral AI",
        "openai",
        "https://api.mistral.ai/v1",
        facts=without("completions", "logprobs", "reasoning_effort", "reasoning_tokens", "seed", "suffix"),
        unsent=frozenset({"stream_options", "user"}),
    ),
    # https://api-docs.deepseek.com/api/create-chat-completion; fill-in-the-middle is in beta at another base URL.
    Known(
        "deepseek",
        "DeepSeek",
        "openai",
        "https://api.deepseek.com",
        facts=without("completions", "images", "json_schema", "samples", "seed", "suffix"),
    ),
    # https://docs.together.ai/reference/chat-completions: logprobs is a number in chats there, and not OpenAI's pair.
    Known("together", "Together AI", "openai", "https://api.together.ai/v1", facts=without("logprobs", "suffix")),
    # https://docs.fireworks.ai/api-reference/post-chatcompletions and /post-completions
    Known("fireworks", "Fireworks AI", "openai", "https://api.fireworks.ai/inference/v1", facts=without("suffix")),
    # https://openrouter.ai/docs/api-reference/parameters and ChatRequest of its own client (OpenRouterTeam/python-sdk);
    # what it passes on depends on the model.
    Known(
        "openrouter",
        "OpenRouter",
        "openai",
        "https://openrouter.ai/api/v1",
        facts=without("completions", "samples", "suffix"),
    ),
    # https://docs.x.ai/docs/api-reference, "Chat completions"; its reasoning models refuse penalties and stop.
    Known("xai", "xAI", "openai", "https://api.x.ai/v1", facts=without("completions", "suffix")),
    # https://docs.perplexity.ai/guides/chat-completions-guide and /api-reference/chat-completions-post
    Known(
        "perplexity",
        "Perplexity",
        "openai",
        "https://api.perplexity.ai",
        facts=without("completions", "json_object", "logprobs", "samples", "seed", "suffix", "tool_choice", "tools"),
    ),
    # https://docs.ai21.com/reference/jamba-1-6-api-ref: the route, the messages, the choices and the events of OpenAI's
    # chats, with fewer parameters; it calls itself compatible nowhere, but what it documents is.
    Known(
        "ai21",
        "AI21",
        "openai",
        "https://api.ai21.com/studio/v1",
        facts=without(
            "completions",
            "images",
            "json_schema",
            "logprobs",
            "penalties",
            "reasoning_effort",
            "reasoning_tokens",
            "seed",
            "suffix",
            "tool_choice",
        ),
        unsent=frozenset({"stream_options", "user"}),
    ),
    # https://docs.vllm.ai/en/stable/serving/openai_compatible_server/: "suffix parameter is not supported".
    Known("vllm", "vLLM", "openai", None, needs_key=False, facts=without("suffix")),
    # https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md: a suffix goes to /infill.
    Known(
        "llamacpp",
        "llama.cpp",
        "openai",
        None,
        needs_key=False,
        facts=without("reasoning_effort", "reasoning_tokens", "samples", "suffix"),
    ),
    # https://docs.ollama.com/api/openai-compatibility: tool_choice and n are among what is not supported.
    Known(
        "ollama",
        "Ollama",
        "openai",
        None,
        needs_key=False,
        facts=without("reasoning_tokens", "samples", "tool_choice"),
    ),
)

KNOWN: Final[Mapping[str, Known]] = {each.name: each for each in _ALL}
