"""What is decided and what is told, free of any framework."""
