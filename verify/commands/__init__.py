"""The commands of ``python -m verify``, one a file: each is ``run(arguments, rest) -> exit code``."""
