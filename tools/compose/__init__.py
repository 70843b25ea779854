"""What holds of the compose files and the image: rules, each a line that says what to do."""
