"""One call of the program: every way it can end becomes one sentence and an exit status."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, NoReturn

import typer

from fivesigma._core.commands import command
from fivesigma._core.errors import FivesigmaError
from fivesigma._core.garbage import seldom_collected
from fivesigma.cli.answer import (
    DONE,
    INTERRUPTED,
    PROMISE_FAILED,
    WRONG_INPUT,
    Answer,
    Interrupted,
    show,
    show_error,
)

_STOPPED = 130  # what typer makes of a keyboard interrupt
_USAGE = typer.BadParameter.__mro__[1]  # click's UsageError, from wherever typer has it


def run_verb(argv: Sequence[str]) -> int:
    """Run the verb in ``argv`` and return the exit status."""
    _say_what_the_terminal_cannot()
    as_json, quiet, debug = "--json" in argv, "--quiet" in argv or "-q" in argv, "--debug" in argv
    try:
        with _stoppable(), _warnings(debug), seldom_collected():
            answer = _call(argv)
        if isinstance(answer, Answer):
            show(answer, as_json=as_json, quiet=quiet)
            sys.stdout.flush()
            return answer.status
        return answer if isinstance(answer, int) else DONE
    except BrokenPipeError:  # the reader of our output went away, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            _show_traceback(error)
        message, status = _ending(error)
        show_error(message, as_json=as_json)
        return status


def _say_what_the_terminal_cannot() -> None:
    """Letters that the encoding of the terminal lacks, and bytes of names that are no text, are said by their code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _call(argv: Sequence[str]) -> Any:
    from fivesigma.cli.app import app

    try:
        answer = app(args=list(argv), prog_name="fivesigma", standalone_mode=False)
    except typer.Abort:
        raise Interrupted from None
    except SystemExit as ended:  # completion scripts are printed so
        return ended.code if isinstance(ended.code, int) else DONE
    if isinstance(answer, int) and answer == _STOPPED:
        raise Interrupted
    return answer


def _ending(error: BaseException) -> tuple[str, int]:
    """Return the sentence and the exit status for the way a verb ended."""
    if isinstance(error, (KeyboardInterrupt, Interrupted)):
        run = str(error.args[0]) if error.args else ""
        return (f"interrupted; {command('resume', run)} goes on." if run else "interrupted."), INTERRUPTED
    if isinstance(error, FivesigmaError):
        return str(error), WRONG_INPUT
    if isinstance(error, _USAGE):
        return _usage(error), WRONG_INPUT
    if isinstance(error, MemoryError):
        return "not enough memory; take fewer rows or columns, or fewer workers.", WRONG_INPUT
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            "the disk is full; free some space, and `fivesigma resume RUN` goes on where it stopped.",
            WRONG_INPUT,
        )
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; check the path and its rights.", WRONG_INPUT
    kind = type(error).__name__
    return (
        f"a bug in fivesigma, not your fault: {kind}: {_first_line(error)}; --debug shows where.",
        PROMISE_FAILED,
    )


def _usage(error: Any) -> str:
    message = str(error.format_message()).strip()
    verb = "fivesigma" if error.ctx is None else error.ctx.command_path
    if "unexpected extra" in message:
        message += "; words that belong together go in quotes"
    said = message if message.endswith((".", "?", "!")) else f"{message}."
    return said if said.endswith(("?", "!")) else f"{said} `{verb} --help` lists what there is."


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def _show_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """While a verb runs, a request to terminate is an interruption: what is finished is kept."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _warnings(debug: bool) -> Iterator[None]:
    """What libraries mutter is for developers; what matters to a user stands in the audit of the run."""
    with warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")
        yield
