"""`python -m channels_platform.embedded status|stop`; `keep` is how a keeper is started."""

import sys

from channels_platform.embedded.attach import is_running, release
from channels_platform.embedded.keeper import keep
from channels_platform.embedded.servers import SERVICES


def main(arguments: list[str]) -> None:
    match arguments:
        case ["keep", name, linger]:
            keep(name, float(linger))
        case ["status"]:
            for name in SERVICES:
                print(f"{name}: {'running' if is_running(name) else 'stopped'}")
        case ["stop"]:
            for name in SERVICES:
                print(f"{name}: {'stopped' if release(name) else 'in use, left running'}")
        case _:
            sys.exit("usage: python -m channels_platform.embedded status|stop")


if __name__ == "__main__":
    main(sys.argv[1:])
