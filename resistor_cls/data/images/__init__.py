"""One photo from its file to pixels: decoded within limits, resized, cached, its metadata read."""
