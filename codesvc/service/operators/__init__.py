"""What an operator asks about one person's verifications and about what runs out next."""
