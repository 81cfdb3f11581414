"""``python -m renkei.compat.chainer [--era v1] script.py args``: runs a program of Chainer's."""

from __future__ import annotations

import sys

from renkei.compat.chainer._run import run_script

if __name__ == "__main__":
    words = sys.argv[1:]
    era = "v7"
    if words[:1] == ["--era"]:
        era, words = words[1], words[2:]
    if not words:
        sys.exit("usage: python -m renkei.compat.chainer [--era v1] script.py [args ...]")
    run_script(words[0], words[1:], era)
