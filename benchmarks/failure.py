"""An error, kept as text."""

import traceback
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """An error in one line, and its traceback, as text: the error itself holds on to memory."""

    why: str
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """The failure that an error is."""
        first = (str(error).splitlines() or [""])[0]
        trace = "".join(traceback.format_exception(error))
        return cls(f"{type(error).__name__}: {first}", trace)
