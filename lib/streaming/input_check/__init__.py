"""What a person filled in, against the form it belongs to.

A prompt sees exactly what is returned here: text as it was sent, character by character; of a choice its value (labels
are for people, an author who wants the model to read the words writes them as the value); of several choices the list
of their values in the order they were picked; of a file its text, of several files the list of their texts.
"""
