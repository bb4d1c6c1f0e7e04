"""Opening the database, its tables, the unit of work."""
