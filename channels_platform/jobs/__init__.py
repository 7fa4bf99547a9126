"""Work in the background: an outbox, periodic runs, jobs with progress, and the proof that it all moves."""
