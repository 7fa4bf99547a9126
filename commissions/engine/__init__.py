"""Commission as a pure function of facts (domain 6); imports no framework."""
