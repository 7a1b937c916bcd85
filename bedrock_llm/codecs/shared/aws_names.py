"""Words of AWS's HTTP that several codecs use: content types, and the header with a request's id."""

from __future__ import annotations

__all__ = ["JSON_TYPE", "REQUEST_ID", "STREAM_TYPE"]

JSON_TYPE = "application/json"
STREAM_TYPE = "application/vnd.amazon.eventstream"
REQUEST_ID = "x-amzn-requestid"
