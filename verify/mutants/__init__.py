"""The mutation gate: the engine's rules, broken in many ways; each mutant must be distinguished from a right rule."""
