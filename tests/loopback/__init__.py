"""Servers of our own that speak the protocols over a real socket on this machine, in both directions.

`server.py` is a small HTTP/1.1 server; each protocol has a file beside it with a class whose `handle` is given to it:

    async with Server(Agentrail().handle) as server:
        ... python -m desktop ask --protocol agentrail --url server.url ...
"""
