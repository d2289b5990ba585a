"""The reference under `docs/reference`, made of what the code says of itself."""
