"""The mutation gate: the engine's rules, broken in every way we can think of; each must be told from a right one."""
