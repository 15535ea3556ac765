"""Drives, their chunks, and what came out of them."""
