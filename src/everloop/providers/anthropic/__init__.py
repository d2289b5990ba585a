"""The wire format of Anthropic: Messages."""
