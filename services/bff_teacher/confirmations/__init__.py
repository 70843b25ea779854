"""Database of the teacher BFF: confirmations that teachers send, and titles that they give."""
