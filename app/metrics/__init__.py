"""Figures of a process in Prometheus' text form, made when they are asked for and never before."""
