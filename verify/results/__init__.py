"""What was found, as values: findings, the report, the baseline."""
