"""Entry point of the command ``renkei``: finds the verb, turns errors into exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from renkei._version import __version__
from renkei.cli import doctor, predict, run_chainer, train
from renkei.core.errors import ConfigError, DataError, RenkeiError

__all__ = ["main"]

OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
_VERBS = (train, predict, run_chainer, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    r"""Runs a command line.

    Args:
        arguments: the words behind ``renkei``; None: those of the process.

    Returns:
        0: done; 1: it failed; 2: the arguments, the configuration or the data are wrong; 130: ended
        with Ctrl-C.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return MISUSED
    try:
        return options.run(options) or OK
    except KeyboardInterrupt:
        print("\nrenkei: interrupted", file=sys.stderr)
        return INTERRUPTED
    except RenkeiError as error:
        print(f"renkei: error: {error}", file=sys.stderr)
        return MISUSED if isinstance(error, (ConfigError, DataError)) else FAILED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="renkei", description="Train, inspect and use networks from the command line."
    )
    parser.add_argument("--version", action="version", version=f"renkei {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")
    for verb in _VERBS:
        verb.add_parser(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
