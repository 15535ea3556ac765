"""The records that pass between the rooms: frozen, without I/O."""
