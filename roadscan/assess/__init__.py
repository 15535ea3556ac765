"""Cells, damages, indicators and scores from observations: pure functions over the records."""
