"""Everything that touches the outside world: HTTP, pages, command line, tasks, database."""
