"""Folders in which programs leave word of what they do."""
