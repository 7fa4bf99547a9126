"""Figures: `make bench` makes its own data, compares interleaved in one run, prints ratios."""
