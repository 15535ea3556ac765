"""Take a drive through the rooms, from the video to the layers."""
