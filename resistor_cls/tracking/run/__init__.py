"""The life of a run: opened, filled through an outbox, closed on every outcome."""
