"""Uploads that a kill, a cut connection or a full disk cannot spoil."""
