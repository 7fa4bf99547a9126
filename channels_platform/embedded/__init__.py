"""PostgreSQL and Valkey (a Redis server) out of their wheels, for a machine that has neither.

Whoever needs a service calls `attach`: the first caller starts it, later ones join. Each service has a
keeper, a small process of its own that starts the server, restarts it should it die, and ends it when nobody
has used it for a while. Everything rests on file locks, which the kernel drops when a process dies:

start.lock   held while somebody attaches or the keeper leaves, so the two never cross
keeper.lock  held by the keeper for life: free means nothing runs
users.lock   shared by every user for life: takeable means nobody is left

This module needs no Django: it is what settings ask for an address.
"""

from channels_platform.embedded.attach import attach, attached, is_running, release
from channels_platform.embedded.tools import PROJECT, EmbeddedError, data_dir, dies_with_parent, locked, write_private

__all__ = [
    "PROJECT",
    "EmbeddedError",
    "attach",
    "attached",
    "data_dir",
    "dies_with_parent",
    "is_running",
    "locked",
    "release",
    "write_private",
]
