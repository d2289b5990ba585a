"""Long work that no call waits for."""
