"""What tests of training runs share."""

from collections.abc import Iterable
from typing import Any

from lcm_core.training.record import Record


def timeless(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Records without their times: equal for equal runs."""
    return [record.timeless() for record in records]
