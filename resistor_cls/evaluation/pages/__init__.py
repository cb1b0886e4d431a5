"""Reports as pages: each is one HTML file that fetches nothing."""
