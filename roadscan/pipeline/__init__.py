"""The way of a drive through the rooms, from video to layers."""
