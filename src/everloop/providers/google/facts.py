"""What differs between generations of Gemini, as data.

Gemini 3 and later say how long they think in levels and not in tokens
(https://ai.google.dev/gemini-api/docs/thinking), want every tool call of a conversation signed
(https://ai.google.dev/gemini-api/docs/thought-signatures), advise against temperature and top_p, which the newest
ignore, and refuse several candidates (https://ai.google.dev/gemini-api/docs/whats-new-gemini-3.6).
"""

import re
from typing import Final

_EARLIER: Final = re.compile(r"gemini-[12](?!\d)|gemini-(?:pro|pro-vision|exp-\d+)$|gemini-robotics-er-1|gemma|learnlm")

# What each word stands for where thinking is measured in tokens, in Google's own translation:
# https://ai.google.dev/gemini-api/docs/openai
BUDGETS: Final = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}

# What goes in the place of a signature that the caller did not keep. Google documents it for calls of other models:
# https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
UNSIGNED: Final = "skip_thought_signature_validator"


def is_earlier(model: str) -> bool:
    """Whether a model is of a generation before Gemini 3; aliases such as `gemini-flash-latest` are the newest."""
    return _EARLIER.match(model.rpartition("/")[2]) is not None
