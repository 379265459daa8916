"""Waits for its parent in asyncio, and says what became of it."""

import asyncio

import poly


async def main():
    try:
        await poly.recv(poly.parent())
    except poly.Error as error:
        print("parent:", type(error).__name__, error)


asyncio.run(main())
