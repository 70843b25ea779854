"""The query over class management's own table."""
