"""The wheel has every file of the library, and works without the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.wheel import USE, build_wheel, files_of_the_library


@pytest.mark.slow
def test_a_wheel_has_every_file_of_the_library_and_its_data_are_read(tmp_path: Path) -> None:
    wheel = zipfile.ZipFile(build_wheel(tmp_path))
    packed = {name for name in wheel.namelist() if name.startswith("lcm_core/")}
    assert packed == {path.as_posix() for path in files_of_the_library()}

    unpacked = tmp_path / "unpacked"
    wheel.extractall(unpacked)
    ran = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert Path(ran.stdout.strip()) == unpacked / "lcm_core" / "__init__.py"
