"""GRNULar and GLAD in torch, and the losses that train them. No files."""
