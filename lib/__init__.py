"""Engines that know no web framework and no database."""
