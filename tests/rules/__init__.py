"""Rules about the repository: imports, documents, notebooks, packaging, studies."""
