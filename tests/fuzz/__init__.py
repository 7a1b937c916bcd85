"""Damaged input for everything that reads: only our own errors may come of it, and the same ones however it is cut.

    make fuzz                          ten minutes, a seed of its own
    make fuzz FUZZ_S=60 SEED=7         the same cases again

`test_fuzz.py` runs a few thousand cases with a fixed seed in the normal run.
"""
