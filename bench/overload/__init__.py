"""More than a server can do: what comes back, and how much of it is right."""
