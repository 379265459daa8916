# What every core imports. Run once: the others begin with a copy (cpu/snapshot.h), so
# whatever runs here must be the same on every core.
import poly.boot  # noqa: F401
