"""One writer at a time in a folder, by the lock of the operating system.

The system lets go of a lock when the process that holds it ends, killed or not, on whatever machine it ran: a file that
is left over holds nothing. Who holds it is written inside, for the sentence only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fivesigma._core.errors import DataError, InputError


@contextlib.contextmanager
def locked(place: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the file ``place`` while the block runs; it is made where it is not there, and removed at the end.

    Parameters
    ----------
    place : the file
    patience : seconds to wait for another holder

    Raises
    ------
    InputError
        Where another holder has it: a process, here or on a machine that shares the disk, or a thread of this one.
    DataError
        Where the file cannot be made, or the file system knows no locks.
    """
    descriptor = _claimed(place, time.monotonic() + patience)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            place.unlink()  # while it is held: whoever opened it meanwhile sees that it is no longer the file there
        os.close(descriptor)


def _claimed(place: Path, deadline: float) -> int:
    """Return the descriptor of the locked file that stands at ``place``."""
    while True:
        descriptor = _opened(place)
        try:
            if _took(descriptor, place):
                if _stands(descriptor, place):
                    _sign(descriptor)
                    return descriptor  # else its holder has removed it between our opening and our locking
            elif time.monotonic() >= deadline:
                raise InputError(
                    f"{place.parent}: {_owner(descriptor)} is working in it; wait for it or stop it."
                )
            else:
                time.sleep(_PAUSE)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


_PAUSE = 0.01  # seconds between two tries


def _opened(place: Path) -> int:
    try:
        return os.open(place, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise DataError(
            f"{place.parent}: cannot be locked ({error.strerror}); check the path and its rights."
        ) from error


def _took(descriptor: int, place: Path) -> bool:
    try:
        _lock(descriptor)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise DataError(
            f"{place.parent}: its file system knows no locks ({error.strerror}); choose a folder on another disk."
        ) from error
    return True


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(
            descriptor, _FAR, os.SEEK_SET
        )  # a locked byte cannot be read there: the name stands before it
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_FAR = 2**20


def _stands(descriptor: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), place.stat())
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # a full disk: the lock holds without a name
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"process {os.getpid()} on {platform.node()}".encode())


def _owner(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, 200).decode("utf-8", "replace").strip() or "another process"
    except OSError:
        return "another process"
