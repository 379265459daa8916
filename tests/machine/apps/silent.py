"""Waits for a message, and says nothing."""

import poly

poly.parent().recv()
