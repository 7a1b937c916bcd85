"""Wire formats, pure: a folder each, with encode, decode, stream and schema; the seam is base.py."""
