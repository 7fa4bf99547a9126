"""Payout batches as files: workbook, CSV, bank transfers, statement. Streaming, in the active language."""
