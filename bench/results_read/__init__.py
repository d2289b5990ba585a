"""How long it takes to read what came of an experiment, however many trials it has."""
