"""The command line: one command per file, formatting only. Not here: any logic that a program could want."""
