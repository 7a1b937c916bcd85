"""What is known of each model, as data with its source and date; how it is looked up; what an answer cost.

Here: `lookup.find`, `overrides.Catalog`, `prices.price`. Not here: what is done with a fact (codecs/, models/,
context.py). Called by: factory, models, tokens, flow, the emulator.

`families/` is written by hand, `models/` by benchmarks/make_catalog.py; both hold a file for each provider.
"""
