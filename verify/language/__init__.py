"""The small expression language of rules files and definitions: text in, terms out, nothing evaluated as Python."""
