"""Logging, metrics, the clock, pricing data."""
