"""Projections that come with the projector."""
