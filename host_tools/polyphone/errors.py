"""The one error that a user can mend: the command line prints it without a traceback."""


class UserError(Exception):
    """Something given from outside is wrong; the text says what, and what would be right."""
