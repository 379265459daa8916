"""Servers: one server, one file."""
