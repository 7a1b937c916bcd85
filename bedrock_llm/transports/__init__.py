"""Bytes over HTTP: the seam (base.py) and one file per HTTP library."""
