"""The API compatible with Humanloop v4."""
