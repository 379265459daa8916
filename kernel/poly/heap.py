"""Lifting the heap lock that a program holds, where the kernel must allocate."""

import micropython


def unlock():
    """Lift all locks; how many there were. Allocates nothing."""
    locks = 0
    while micropython.heap_locked():
        micropython.heap_unlock()
        locks += 1
    return locks


def lock(locks):
    """Put so many locks back."""
    for _ in range(locks):
        micropython.heap_lock()
