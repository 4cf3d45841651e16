"""Pages for people: templates, and our own ES modules."""
