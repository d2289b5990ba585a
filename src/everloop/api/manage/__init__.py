"""Our own API, outside v4: environments, keys, the history of deployments."""
