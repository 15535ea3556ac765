"""The truth: what was driven, seen and assessed."""
