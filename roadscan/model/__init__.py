"""The nouns that pass between the rooms: frozen records of NumPy arrays and plain values, no I/O."""
