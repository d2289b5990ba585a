"""The wire format of OpenAI: chat completions and legacy completions."""
