"""Those who look and never change: the base and the group (base.py), one observer a file beside it."""
