# What every core imports. Run once: all begin with a copy (cpu/snapshot.h), so whatever
# runs here must be the same on every core of every machine.
import poly.boot

poly.boot.prepare()
