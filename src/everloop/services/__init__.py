"""Use cases, one file per noun: they order the steps that touch the world."""
