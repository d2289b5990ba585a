"""Outward to model vendors: one file per wire format."""
