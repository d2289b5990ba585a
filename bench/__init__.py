"""The benchmark: a deployed completion against the smallest honest proxy on the same machine."""
