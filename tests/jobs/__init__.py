"""Whole jobs: each test runs commands as a user does, and checks what they print and leave."""
