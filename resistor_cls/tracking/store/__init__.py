"""The MLflow store: its database, drivers, views and addresses."""
