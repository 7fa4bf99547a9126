"""Finance's reports: each declared once, read on screen, as a file, by a schedule, always in the reader's scope."""
