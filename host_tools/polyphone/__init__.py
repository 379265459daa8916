"""The host side of Polyphone: builds images, starts machines, reads their consoles.

The command line (`cli.py`) is thin: each subcommand calls a function of this
package that tests call too.
"""
