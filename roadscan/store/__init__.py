"""The system of record: drives, observations and assessments."""
