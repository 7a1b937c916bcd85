"""`python -m tests.fuzz`: damaged input for a while, or one case again."""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.fuzz.run import case, run
from tests.fuzz.targets import TARGETS

parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
parser.add_argument("--seconds", type=float, default=600)
parser.add_argument("--seed", type=int, default=None, help="default: a new one, which is told")
parser.add_argument("--only", choices=list(TARGETS), default=None)
parser.add_argument("--number", type=int, default=None, help="run this one case of --only")
options = parser.parse_args()
seed = secrets.randbelow(10**6) if options.seed is None else options.seed
sys.stdout.write(f"seed {seed}\n")
if options.number is not None:
    case(options.only, seed, options.number)
else:
    sys.stdout.write(f"{run(seed, options.seconds, options.only)} cases, nothing found\n")
