"""Detection of road damage, persons and vehicles in frames, and redaction of pictures."""
