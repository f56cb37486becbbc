"""Pictures as points: what a network makes of every picture of a set, and the nearest to a given one."""
