"""What a call costs. `python benchmarks/run.py` measures it; see there."""
