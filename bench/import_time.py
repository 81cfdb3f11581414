"""What ``import renkei`` costs beyond NumPy's own import, in milliseconds; the budget is 60.

    python bench/import_time.py [--json FILE]

Each round starts three interpreters in turns: bare, with NumPy, with Renkei. Medians are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

PROGRAMS = {"python": "pass", "numpy": "import numpy", "renkei": "import renkei"}
ROUNDS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for i in range(ROUNDS + 1):
        for name, program in PROGRAMS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            if i:  # the first round fills the caches
                seconds[name].append(time.perf_counter() - start)
    medians = {name: 1000 * statistics.median(times) for name, times in seconds.items()}
    figures = {
        "numpy_ms": medians["numpy"] - medians["python"],
        "renkei_beyond_numpy_ms": medians["renkei"] - medians["numpy"],
    }
    print(
        f"import numpy: {figures['numpy_ms']:.0f} ms, "
        f"import renkei beyond it: {figures['renkei_beyond_numpy_ms']:.0f} ms"
    )
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
