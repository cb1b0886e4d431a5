"""Cards of models and sets of photos, and reporting sheets: written from files, never by hand."""
