"""Small exact tools that know no framework: money, clock, spans, phones, crypto, errors."""
