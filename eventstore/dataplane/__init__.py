"""A narrow client of NATS for the hot path: publish, subscribe, and nothing else.

nats-py makes a task and several objects of each message, which costs four to thirteen times what
the server needs for it (docs/decisions/nats-data-plane.md). Here a message is parsed out of what
the socket delivered and handed to a plain function. Everything that is not hot stays with nats-py.
"""
