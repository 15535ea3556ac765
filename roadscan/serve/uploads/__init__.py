"""Uploads that survive kills, broken connections and full disks undamaged."""
