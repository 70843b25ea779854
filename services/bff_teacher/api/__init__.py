"""HTTP only: which model comes in, which screen answers, which DTO goes out."""
