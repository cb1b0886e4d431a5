"""Where labelled photos come from: folders, tables, the generator, the real data set."""
