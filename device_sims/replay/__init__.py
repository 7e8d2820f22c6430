"""Recordings of others as devices: which formats there are, and how their columns become what devices say."""
