"""Finds damage in frames."""
