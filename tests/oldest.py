"""Prints the oldest versions that `pyproject.toml` allows, as constraints for pip.

    python tests/oldest.py > oldest.txt

Needs nothing but Python, since it runs before anything is installed. Packages without a lower
bound, and those that only other packages need, stay free: pip takes their newest.
"""

import re
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def oldest() -> dict[str, str]:
    """The lower bound of each package that the project or an extra names."""
    lists = PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()
    bounds = (re.match(r"([\w.-]+)>=([\w.]+)", line) for lines in lists for line in lines)
    return {bound[1]: bound[2] for bound in bounds if bound}


if __name__ == "__main__":
    for name, version in oldest().items():
        print(f"{name}=={version}")
