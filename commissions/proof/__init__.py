"""Proving the ledger: recomputed from facts, balanced, sealed, paid as approved. Reads; `services.ledger_checks` keeps."""
