"""The screens of `web/`: their build, their development server, their pictures."""
