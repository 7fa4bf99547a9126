"""What every admin page shares: site, row scope, acts on objects, filters, pages. No app's model is known here."""
