"""Figures of a running engine, kept as plain numbers and read by whoever wants to show them.

Theory of operation. What is counted is what was committed: the two stores are wrapped, and the wrappers see every
event, attempt, ending, lease and takeover on its way. The engine itself counts nothing and knows nothing of it.
"""
