"""What a part of the check found, as lines of a file that outlive the part's process."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.failure import Failure


@dataclass(frozen=True)
class Finding:
    """What was asked, what was measured, and whether that holds; None if nothing says so."""

    asked: str
    measured: str
    holds: bool | None = None


class Notebook:
    """Findings, things left out, and pages of text, each a line of a file as soon as it is known.

    Args:
        path: of the file, which may be there already.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def add(self, finding: Finding) -> None:
        """Write a finding."""
        self._write({"finding": asdict(finding)})

    def leave_out(self, what: str, why: str) -> None:
        """Write the name of something that was not looked at."""
        self._write({"left_out": [what, why]})

    def fail(self, what: str, failure: Failure) -> None:
        """Write that something failed, and the end of its traceback."""
        self.add(Finding(what, failure.why, False))
        end = failure.trace.splitlines()[-16:]
        self.tell([f"{what}:", "", *(f"    {line}" for line in end)])

    def tell(self, lines: Sequence[str]) -> None:
        """Write lines of Markdown."""
        self._write({"text": list(lines)})

    def _write(self, entry: dict[str, object]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def entries(self) -> Iterator[dict[str, object]]:
        """All that was written; a last line that is not complete is left for later."""
        if self.path.exists():
            for line in self.path.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    yield json.loads(line)

    @property
    def findings(self) -> list[Finding]:
        return [Finding(**entry["finding"]) for entry in self.entries() if "finding" in entry]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        return [tuple(entry["left_out"]) for entry in self.entries() if "left_out" in entry]

    @property
    def texts(self) -> list[list[str]]:
        return [entry["text"] for entry in self.entries() if "text" in entry]


def cell(text: str) -> str:
    """Text for a cell of a Markdown table, 400 characters at most."""
    return " ".join(text.split())[:400].replace("|", "\\|")


def rows(part: str, findings: Sequence[Finding]) -> Iterator[str]:
    """Lines of the table *asked, measured, holds*."""
    words = {True: "yes", False: "**no**", None: "–"}
    for each in findings:
        asked, measured = cell(each.asked), cell(each.measured)
        yield f"| {part} | {asked} | {measured} | {words[each.holds]} |"
