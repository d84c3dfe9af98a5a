"""Bugs to plant in the system under test; a judge that acquits one of them is no judge.

A mutant replaces a component of the running system with one that has the bug. What the clients
record is never touched.
"""
