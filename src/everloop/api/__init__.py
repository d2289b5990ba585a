"""Inward HTTP: the only room that speaks of status codes and headers."""
