"""elsewhere CORE: tries to start a program on a core that is taken."""

import sys

import poly

try:
    poly.spawn(int(sys.argv[1]), "hello")
except poly.Error as error:
    print("%s: %s" % (type(error).__name__, error))
