"""Proving the ledger: recomputed from facts, balanced, sealed, paid as approved. Reads only."""
