"""`codesvc store migrate`: everything from one store into another, of whatever kind the two are."""
