"""General support, independent of derivatives: errors, limits, processes, streams, text in columns."""
