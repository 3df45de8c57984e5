"""Extractors, the statistics of their features, and the metrics that compare them."""
