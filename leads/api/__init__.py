"""Referrals, visits, deals and disputes over HTTP."""
