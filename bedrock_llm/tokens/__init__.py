"""How many tokens something is, and how sure the figure is.

Here: the estimate of a text (estimate.py), the memo per message (memo.py), the counter (counter.py). Not here: what is
done when it is too many (context.py). Called by: models, context.
"""
