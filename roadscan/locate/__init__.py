"""Where every frame is and what it sees of the road: pure functions over the nouns."""
