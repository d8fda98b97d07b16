"""What is kept of one person: found, handed out, erased."""
