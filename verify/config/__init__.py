"""Configuration: a project's, the options of a run, the settings of a session."""
