"""HTTP only: which model comes in, which handler answers, which DTO goes out."""
