"""Plans, commissions, balances and payouts over HTTP."""
