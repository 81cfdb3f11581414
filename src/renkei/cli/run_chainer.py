"""renkei run-chainer: runs a program that says ``import chainer``."""

from __future__ import annotations

import argparse
from typing import Any

from renkei.compat.chainer._run import ERAS, run_script

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("run-chainer", help="run a program written for Chainer")
    parser.add_argument(
        "--era", choices=ERAS, default="v7", help="v1: also what Chainer 2 dropped (volatile, ...)"
    )
    parser.add_argument("script", help="the program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the program as ``python`` would."""
    run_script(options.script, options.arguments, options.era)
    return 0
