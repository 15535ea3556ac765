"""The nouns that pass between the rooms: frozen records, no I/O."""
