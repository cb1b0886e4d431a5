"""The page for people as a static folder, whose model runs in the browser."""
