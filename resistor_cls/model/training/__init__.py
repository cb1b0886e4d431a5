"""What trains a network: losses, schedules, metrics, parameter groups, the Lightning trainer."""
