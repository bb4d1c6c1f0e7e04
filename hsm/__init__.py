"""Keys behind one interface; alone speaks PKCS#11."""
