"""What to ask the platform's services; how to ask is the kernel's."""
