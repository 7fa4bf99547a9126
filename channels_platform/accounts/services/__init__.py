"""Changes to people and their ways in."""
