"""JSON and SSE routes; the file's path is the URL's path."""
