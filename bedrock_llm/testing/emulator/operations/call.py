"""A request for one of the operations, taken apart.

Here: `OperationCall`. Not here: the routes (table.py). Called by: the files beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["OperationCall"]


class OperationCall(NamedTuple):
    """One request.

    Attributes:
        names: What stood in the path, decoded.
        query: What stood behind the `?`, decoded.
        body: The JSON body, of the right shape; None for a GET.
        now: Seconds since the epoch.
    """

    names: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    now: float
