"""Trueorder's edge: pushes read-model changes to very many clients. Nothing lives here yet."""
