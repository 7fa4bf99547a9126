"""Work done in a process of its own, and killed there with SIGKILL: nothing of it gets a chance to tidy up."""

import os
import signal
import time
import traceback
from collections.abc import Callable

from django.db import connection, connections

from tests.processes import until

Work = Callable[[], object]

_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def killed_after(seconds: float, work: Work) -> bool:
    """Do the work in a process of its own and kill it after a while; return whether it was killed at work."""
    child = _begun(work)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def killed_half_way(work: Work, module: object, name: str) -> None:
    """Do the work as if it committed before it came to a function of a module, and kill it there."""
    reading, writing = os.pipe()

    def committing(*_: object, **__: object) -> None:
        connection.connection.commit()
        os.write(writing, b"!")
        time.sleep(60)

    def torn() -> None:
        setattr(module, name, committing)
        work()

    child = _begun(torn)
    os.close(writing)
    assert os.read(reading, 1) == b"!", "the work ended before it came there"
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def took(work: Work) -> float:
    """Do the work; return how many seconds it took."""
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def took_in_a_process(work: Work) -> float:
    """Do the work in a process of its own, undisturbed; return how many seconds it took from its first to its last."""
    begun = time.monotonic()
    _, status = os.waitpid(_begun(work), 0)
    assert status == 0, "the undisturbed work failed"
    return time.monotonic() - begun


def wait_for_the_database() -> None:
    """Return once the database has ended what it did for processes that are gone: a statement it had begun goes on."""
    until(lambda: _count_others() == 0, what="the killed process's connection")


def _count_others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        return int(cursor.fetchone()[0])


def _begun(work: Work) -> int:
    child = os.fork()
    if child:
        return child
    # the parent's connection must neither be used nor closed from here
    connections["default"].connection = None
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - this process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(code)
