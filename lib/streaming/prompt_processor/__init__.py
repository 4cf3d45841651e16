"""From a chain's definition, its inputs and the results so far to the messages of one prompt.

`names` says what a prompt may refer to and where each value comes from, `processor` renders, `check` tells authors
every problem before anything runs.
"""
