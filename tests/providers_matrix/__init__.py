"""Every provider through the public door, asked the same things."""
