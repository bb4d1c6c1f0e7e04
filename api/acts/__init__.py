"""What the service does, one module per kind of act; HTTP, pages, command line and tasks all call these."""
