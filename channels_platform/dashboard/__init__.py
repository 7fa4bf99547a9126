"""The overview at the admin's front door: what happened, what it earns, what waits for the reader."""
