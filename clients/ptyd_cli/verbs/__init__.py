"""One verb, one file. main.py's table says which; nothing here is imported before it is used."""
