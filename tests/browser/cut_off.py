"""The product, with a server that dies after it has done a filing and before it answers, while a file says so."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from channels_platform.wsgi import application as product


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    answer = product(environ, start_response)
    doomed = Path(os.environ["CUT_OFF"])
    if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == "/portal/clients/new/" and doomed.exists():
        doomed.unlink()
        b"".join(answer)
        # the whole server, or the browser would simply ask the next process
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)
    return answer
