"""What is composed for one screen of the admin."""
