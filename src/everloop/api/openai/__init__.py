"""The API compatible with OpenAI's."""
