"""How commands of the course end: with 0, with 2 and a sentence, or with 130 after Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from lcm_core.terminal import INTERRUPTED

__all__ = ["finish", "take_no_arguments"]


def finish(main: Callable[[], object]) -> NoReturn:
    """Run a command, and end the process; a mistake in what was asked for is one sentence."""
    try:
        main()
    except (OSError, RuntimeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted: the same command does the rest", file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(0)


def take_no_arguments(name: str, about: str | None) -> None:
    """Answer --help, and refuse all else: a command that writes must not run on a guess."""
    argparse.ArgumentParser(prog=f"python -m {name}", description=about).parse_args()
