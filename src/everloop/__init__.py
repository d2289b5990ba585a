"""Everloop runs the prompt that is live."""

__version__ = "0.1.0"
