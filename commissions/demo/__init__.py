"""Half a year of invented history, played through the services at its own times.

`script` writes what happens, pure and repeatable from a seed; `staging` sets up who and what there is;
`playing` lets each act happen at its instant, and `paying` closes the months. Nothing here writes a table
that a service would write.
"""
