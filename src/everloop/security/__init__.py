"""Secret box, API keys, redaction, random identifiers."""
