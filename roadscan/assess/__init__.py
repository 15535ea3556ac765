"""From observations to cells, damages, indicators and scores: pure functions over the nouns."""
