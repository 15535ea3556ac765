"""Leads a drive through the rooms."""
