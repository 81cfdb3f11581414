"""Facades: other frameworks' interfaces on Renkei's engine."""
