"""How Django itself writes dates, where nothing of ours does: the admin's plain columns."""
