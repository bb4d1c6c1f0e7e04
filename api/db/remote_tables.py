"""Remote signing: clients, authorisations and one row for each authorised hash."""
