"""Pages that people see: server-rendered, in Chinese and English, with small browser modules and no framework."""
