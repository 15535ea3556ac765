"""Layers, maps and tables made from the store."""
