"""Reports as pages of HTML: one file, no server, nothing fetched."""
