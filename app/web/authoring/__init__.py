"""Pages of authors: their assistants, the editor, versions and what differs between two."""
