"""Locks, files and places: what the embedded services rest on."""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent


class EmbeddedError(RuntimeError):
    """A service could not be started; the message says what to do."""


def data_dir() -> Path:
    """Return the folder of local state: CHANNELS_DATA_DIR, or `.run` in the project."""
    return Path(os.environ.get("CHANNELS_DATA_DIR") or PROJECT / ".run").resolve()


def home_of(name: str) -> Path:
    home = data_dir() / name
    try:
        home.mkdir(parents=True, exist_ok=True)
    except PermissionError as error:
        raise EmbeddedError(
            f"{data_dir()} belongs to somebody else: set CHANNELS_DATA_DIR to a folder of yours."
        ) from error
    return home


def dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return a preexec function that has Linux send the signal when the parent is gone."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def arrange() -> None:
        libc.prctl(1, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return arrange


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def is_free(path: Path) -> bool:
    with locked(path, wait=False) as got:
        return got


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def write_private(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    draft.rename(path)


def keep_or_find_port(home: Path) -> int:
    """Return the port used last time if it is free, else a free one, remembered."""
    remembered = home / "port"
    for wanted in ([int(remembered.read_text())] if remembered.exists() else []) + [0]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            port: int = probe.getsockname()[1]
            remembered.write_text(str(port))
            return port
    raise EmbeddedError("no free port on 127.0.0.1")


def others_may_enter(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def reachable_home(home: Path) -> Path:
    """Return `home`, or a place outside of closed folders where `nobody` can reach its data."""
    if others_may_enter(home):
        return home
    place = Path("/var/lib/channels-platform") / hashlib.sha256(str(home).encode()).hexdigest()[:12]
    place.mkdir(parents=True, exist_ok=True)
    for step in (place, place.parent):
        step.chmod(0o755)
    return place


def open_copy(tree: Path, base: Path) -> Path:
    """Return a copy of a program's folder that everybody may read, made once per version of it."""
    copy = base / f"{tree.name}-{tree.stat().st_mtime_ns}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(dir=base))
        shutil.copytree(tree, draft / "tree", symlinks=True)
        for path in (draft / "tree").rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
        (draft / "tree").chmod(0o755)
        (draft / "tree").rename(copy)
        draft.rmdir()
    return copy


def short_private_dir(home: Path) -> Path:
    """Return a folder of this user with a name short enough for a socket."""
    tag = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    place = Path("/tmp") / f"channels-{os.geteuid()}-{tag}"
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    status = place.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077 or place.is_symlink():
        raise EmbeddedError(f"{place} is not ours: set CHANNELS_DATA_DIR to a folder with a shorter name.")
    return place


def give_away(path: Path) -> None:
    """Hand a file to `nobody` when root; else it is the right owner's already."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
