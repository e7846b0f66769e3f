"""Pokes: telling listening tablets that something of theirs has changed."""
