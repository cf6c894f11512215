"""The doors, one file for each family of them; SECURITY.md says which test tries which."""
