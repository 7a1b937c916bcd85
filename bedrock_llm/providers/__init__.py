"""Where and who: endpoint, credentials and signature of each provider; the seam is base.py."""
