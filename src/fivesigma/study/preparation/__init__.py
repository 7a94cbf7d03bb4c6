"""From file to what is fixed before the first fit."""
