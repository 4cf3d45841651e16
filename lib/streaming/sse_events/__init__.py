"""The native event stream: its vocabulary, its order rules, its frames, and a reader of frames."""
