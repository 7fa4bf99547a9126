"""The finance pages: balances, payout batches, payments, what is owed back."""
