"""HTTP only: who may come in, which handler answers, which DTO goes out."""
